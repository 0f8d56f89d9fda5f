import { parseArgs } from 'node:util';

export interface Options {
  /** Inputs of a target whose share is 100. */
  readonly runs: number;
  /** Null for one of its own each time. */
  readonly seed: number | null;
  /** Names of targets; null for all. */
  readonly only: readonly string[] | null;
  /** Tries one counterexample again, as a failure prints it. */
  readonly path: string | null;
}

const RUNS_DEFAULT = 5_000;
const RUNS_MAX = 10_000_000;
const SEED_MAX = 0x7fff_ffff;

/**
 * Reads the command line: `[--runs N] [--seed S] [--only NAME[,NAME]] [--path P]`.
 * @throws Error for anything else, with what to write instead.
 */
export function readOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: argv.filter((it) => it !== '--'),
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string', multiple: true },
      path: { type: 'string' },
    },
  });
  const only = values.only?.flatMap((it) => it.split(',')).filter((it) => it !== '') ?? null;
  const unknown = only?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`nothing is called ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  }
  const path = values.path ?? null;
  if (path !== null && (values.seed === undefined || only?.length !== 1)) {
    throw new Error('--path goes with the --seed and the one --only that were printed beside it');
  }
  return {
    runs: whole('runs', values.runs, RUNS_MAX) ?? RUNS_DEFAULT,
    seed: whole('seed', values.seed, SEED_MAX),
    only,
    path,
  };
}

function whole(name: string, text: string | undefined, max: number): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new Error(`--${name} is a whole number from 1 to ${max}, not ${text}`);
}
