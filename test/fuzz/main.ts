/**
 * `pnpm fuzz [--runs N] [--seed S] [--only NAME] [--path P]`: everything that reads what others
 * wrote is given what nobody would write.
 *
 * Each target runs in a thread of its own with little memory. One that does not come to its next
 * input hangs: it is ended and is a failure, like an error that nobody meant to throw. A failure
 * prints what replays it. Exit code 1 when anything failed; the last line counts.
 */
import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { waitUntil } from '@nightshift/support';
import { type Options, readOptions } from './options.ts';
import type { Report } from './target.ts';
import { TARGETS } from './targets.ts';
import type { Order } from './worker.ts';

const USAGE = 64;
const FAILED = 1;
/** Without a next input for so long it hangs, ms. Shrinking a failure is made of inputs too. */
const HANGS_MS = 60_000;
const LOOK_MS = 500;
/** The longest that one target may take in all, ms: a day. */
const LONGEST_MS = 86_400_000;
const HEAP_MB = 512;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2), Object.keys(TARGETS));
  } catch (error) {
    process.stderr.write(`fuzz: ${(error as Error).message}\n`);
    return USAGE;
  }
  const seed = options.seed ?? randomInt(1, 0x7fff_ffff);
  const chosen = Object.keys(TARGETS).filter((name) => options.only?.includes(name) ?? true);
  const reports: Report[] = [];
  for (const name of chosen) {
    const report = await inThread(name, options, seed);
    process.stdout.write(`${told(report)}\n`);
    reports.push(report);
  }
  const runs = reports.reduce((sum, it) => sum + it.runs, 0);
  const failed = reports.filter(({ failure }) => failure !== null).map(({ name }) => name);
  const verdict = failed.length === 0 ? 'no failure' : `failed: ${failed.join(', ')}`;
  process.stdout.write(`counts: ${runs} inputs, ${verdict}, seed ${seed}\n`);
  return failed.length === 0 ? 0 : FAILED;
}

async function inThread(name: string, { runs, path }: Options, seed: number): Promise<Report> {
  const begun = new SharedArrayBuffer(4);
  const counter = new Int32Array(begun);
  const order: Order = { name, runs, seed, begun, ...(path === null ? {} : { path }) };
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const end: { report?: Report; error?: Error; exited?: true } = {};
  worker.on('message', (it: Report) => (end.report = it));
  worker.on('error', (it: Error) => (end.error = it));
  worker.on('exit', () => (end.exited = true));
  const broken = (message: string): Report => {
    const input = Atomics.load(counter, 0);
    const failure = { path: '', message, counterexample: `input ${input} of this seed` };
    return { name, runs: input, seed, slowestMs: 0, failure };
  };
  let [seen, quietMs] = [0, 0];
  const over = (): boolean => {
    const now = Atomics.load(counter, 0);
    quietMs = now === seen ? quietMs + LOOK_MS : 0;
    seen = now;
    return end.exited === true || quietMs >= HANGS_MS;
  };
  await waitUntil(over, { what: name, timeoutMs: LONGEST_MS, everyMs: LOOK_MS });
  if (end.exited !== true) {
    await worker.terminate();
    return broken(`it hangs: no next input for ${HANGS_MS} ms`);
  }
  return end.report ?? broken(end.error?.message ?? 'its thread ended without a word');
}

function told({ name, runs, seed, slowestMs, failure }: Report): string {
  const line = `${name.padEnd(14)} ${String(runs).padStart(9)} inputs, dearest ${slowestMs} ms`;
  if (failure === null) return line;
  const again = failure.path === '' ? '' : ` --path ${failure.path}`;
  return [
    `${line}  FAILED`,
    `  ${failure.message.split('\n').slice(0, 8).join('\n  ')}`,
    `  input: ${failure.counterexample}`,
    `  again: pnpm fuzz --only ${name} --seed ${seed}${again}`,
  ].join('\n');
}
