import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machineMs } from '../clock.mjs';
import { CONTROLS, MUTANTS, type Mutant } from './mutants.ts';
import { copyTree, mutate } from './tree.ts';

/*
 * node test/soak/mutants/main.ts [--only I4,...] [--seed S] [--at-once N]
 *
 * Breaks each promise on purpose, in a copy of the source, lets a short storm go over it, and asks
 * the referee: it has to find that promise broken, and nothing in a copy without a change. Prints a
 * table, and ends with 1 when a mutant got away.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '3' },
  },
});

interface Found {
  readonly mutant: Mutant;
  readonly broken: readonly string[];
  readonly seconds: number;
  readonly ok: boolean;
  /** What the run said last, where it did not come to a judgement. */
  readonly trouble: string;
}

/** A storm and its referee take about a minute; more than this is one that hangs. */
const LIMIT_MS = 500_000;

async function tryOne(mutant: Mutant): Promise<Found> {
  const startedMs = machineMs();
  const tree = copyTree();
  try {
    mutate(tree, mutant.edits);
    const out = await storm(tree, mutant);
    const line = out.split('\n').findLast((it) => it.startsWith('counts: '));
    const broken =
      line === undefined
        ? null
        : (JSON.parse(line.slice('counts: '.length)) as { broken: readonly string[] }).broken;
    const seconds = Math.round((machineMs() - startedMs) / 1_000);
    const asExpected =
      mutant.edits.length === 0 ? broken?.length === 0 : broken?.includes(mutant.id);
    const trouble = broken === null ? out.trim().split('\n').slice(-12).join('\n') : '';
    return { mutant, broken: broken ?? [], seconds, ok: asExpected === true, trouble };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** @returns everything that the run printed */
function storm(tree: string, mutant: Mutant): Promise<string> {
  const [script = '', ...args] = mutant.storm.split(' ');
  const child = spawn(
    path.join(tree, 'node_modules/.bin/node'),
    [path.join(tree, script), ...args, '--seed', values.seed],
    { cwd: tree, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (out += text));
  return new Promise((resolve) => child.once('close', () => resolve(out)));
}

function print({ mutant, broken, seconds, ok, trouble }: Found): void {
  const by = broken.length === 0 ? 'nothing' : broken.join(', ');
  const row = [mutant.id.padEnd(4), (ok ? 'ok' : 'GOT AWAY').padEnd(9), `${seconds} s`.padEnd(6)];
  console.log(`${row.join(' ')} ${mutant.what.padEnd(72)} ${by}`);
  if (trouble !== '') console.log(trouble.replaceAll(/^/gm, '       '));
}

const only = values.only?.split(',');
const ahead = [...CONTROLS, ...MUTANTS].filter(({ id }) => only === undefined || only.includes(id));
const found: Found[] = [];
console.log(`id   result    took   mutant${' '.repeat(67)}found broken`);
async function lane(queue: Iterator<Mutant>): Promise<void> {
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const one = await tryOne(next.value);
    found.push(one);
    print(one);
  }
}
const queue = ahead.values();
await Promise.all(Array.from({ length: Number(values['at-once']) }, () => lane(queue)));
const away = found.filter(({ ok }) => !ok).map(({ mutant }) => mutant.id);
const caught = found.length - away.length;
console.log(`counts: ${JSON.stringify({ tried: found.length, caught, away, seed: values.seed })}`);
process.exitCode = away.length === 0 && found.length > 0 ? 0 : 1;
