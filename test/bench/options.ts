import { parseArgs } from 'node:util';
import type { Settings } from './benchmark.ts';

export interface Options extends Settings {
  readonly json: boolean;
  /** The table goes into the README, between its marks, too. */
  readonly write: boolean;
}

const DEFAULT_ROUNDS = 3;
const ROUNDS_MAX = 100;

/**
 * Reads the command line: `[--json] [--write] [--only ID[,ID]] [--rounds N]`.
 * @param known every id there is
 * @throws Error for anything else, with what to write instead.
 */
export function readOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values } = parseArgs({
    args: argv.filter((it) => it !== '--'),
    options: {
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? DEFAULT_ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new Error(`--rounds is a whole number from 1 to ${ROUNDS_MAX}, not ${values.rounds}`);
  }
  const only = values.only?.flatMap((it) => it.split(',')).filter((it) => it !== '') ?? null;
  const unknown = only?.filter((id) => !known.includes(id)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  }
  if (values.write && only !== null) {
    throw new Error('--write writes the whole table: not with --only');
  }
  return { json: values.json, write: values.write, rounds, only };
}
