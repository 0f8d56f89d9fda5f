import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, atMost } from '../row.ts';
import { median, quantile, summarise } from '../statistics.ts';
import { openLedgerScene } from '../support/ledger-scene.ts';
import type { Program } from '../support/workspace.ts';

const PROCESSES = 8;
const ROUND_MS = 3_000;
/** Before each round: the log grows to the length at which it begins anew. */
const WARM_MS = 2_000;
/**
 * How long a call takes, ms: between a tenth and a hundredth of what a model does. With it, eight
 * processes ask for some 500 commits a second, each of which waits for the disk. A worker with the
 * default of four jobs at a time and calls of a second asks for twelve.
 */
const CALL_MS = 30;
const CALLER = fileURLToPath(new URL('../fixtures/gate-caller.ts', import.meta.url));

/**
 * Eight processes at one gate. The budgets are for calls that take time, as calls do: every process
 * takes a hold, calls, settles, and asks for the next one at once. Without any time between
 * (`gate.saturated_…`) the lock is never free, so that each waits for the seven others' commits: a
 * number about the disk and the fairness of the queue, beside SQLite's, and not about the gate.
 */
export const contended: Group = {
  ids: [
    'gate.contended_p99',
    'gate.contended_max',
    'gate.loop_block_max',
    'gate.contended_errors',
    'gate.saturated_p99',
    'gate.saturated_max',
  ],
  run,
};

/** What the processes of one round saw together. */
interface Seen {
  readonly samples: readonly number[];
  readonly blockMs: number;
  readonly errors: readonly string[];
}

type How = 'ours' | 'sqlite' | 'watch';

/** Rounds of both sides, and what a process saw that called nothing. */
interface Trial {
  readonly ours: readonly Seen[];
  readonly peer: readonly Seen[];
  readonly witness: readonly Seen[];
}

async function run(bench: Bench): Promise<Results> {
  const calls = await trial(bench, bench.rounds, CALL_MS);
  const saturated = await trial(bench, 1, 0);
  const note = `${PROCESSES} processes on one database, a call of ${CALL_MS} ms between hold and end,
    ${size(calls)}; one commit of a process alone, beside them: p99 ${syncP99(calls)} ms`;
  const late = `a process that called nothing was late by
    ${worst(calls.witness.map(block)).toFixed(1)} ms`;
  const crowd = `${PROCESSES} processes without a pause, ${size(saturated)}`;
  return {
    rows: [
      row('gate.contended_p99', calls, p99, median, note, 10),
      row('gate.contended_max', calls, longest, worst, note, 250),
      row('gate.loop_block_max', calls, block, worst, late, 50),
      errorRow([...calls.ours, ...saturated.ours].flatMap((it) => it.errors)),
      row('gate.saturated_p99', saturated, p99, median, crowd),
      row('gate.saturated_max', saturated, longest, worst, crowd),
    ],
  };
}

async function trial(bench: Bench, rounds: number, callMs: number): Promise<Trial> {
  const ours: Seen[] = [];
  const peer: Seen[] = [];
  const witness: Seen[] = [];
  for (let n = 0; n < rounds; n++) {
    const mine = await oneRound(bench, 'ours', callMs);
    ours.push(mine.seen);
    witness.push(mine.witness);
    peer.push((await oneRound(bench, 'sqlite', callMs)).seen);
  }
  return { ours, peer, witness };
}

const p99 = ({ samples }: Seen): number => quantile(samples, 0.99);
const longest = ({ samples }: Seen): number => quantile(samples, 1);
const block = ({ blockMs }: Seen): number => blockMs;
const worst = (rounds: readonly number[]): number => Math.max(...rounds);
const syncP99 = ({ witness }: Trial): string => median(witness.map(p99)).toFixed(1);

function size({ ours, peer }: Trial): string {
  const count = (seen: readonly Seen[]): number =>
    seen.reduce((sum, { samples }) => sum + samples.length, 0);
  return `rounds of ${ROUND_MS / 1_000} s, ${count(ours)} operations, the peer's ${count(peer)}`;
}

function row(
  id: string,
  { ours, peer }: Trial,
  of: (seen: Seen) => number,
  over: (rounds: readonly number[]) => number,
  note: string,
  budgetMs?: number,
): Measured {
  const { low, high } = summarise(ours.map(of));
  return {
    id,
    unit: 'ms',
    ours: over(ours.map(of)),
    spread: [low, high],
    peer: { name: "SQLite's own busy handler, 10 s", value: over(peer.map(of)) },
    ...(budgetMs === undefined ? {} : { budget: atMost(budgetMs) }),
    note: note.replaceAll(/\s+/g, ' '),
  };
}

function errorRow(errors: readonly string[]): Measured {
  return {
    id: 'gate.contended_errors',
    unit: 'errors',
    ours: errors.length,
    budget: atMost(0),
    note: `errors that reached a caller, SQLITE_BUSY among them: ${errors[0] ?? 'none'}`,
  };
}

/** All processes work at the same time, and one only looks at how late its timers are. */
async function oneRound(
  { workspace }: Bench,
  how: How,
  callMs: number,
): Promise<{ readonly seen: Seen; readonly witness: Seen }> {
  const stateDir = workspace.folder('contended');
  const scene = await openLedgerScene(stateDir);
  const start = (name: string, part: How): Program =>
    workspace.start([
      CALLER,
      stateDir,
      name,
      String(WARM_MS),
      String(ROUND_MS),
      part,
      String(callMs),
    ]);
  try {
    const callers = Array.from({ length: PROCESSES }, (_, n) => start(`caller-${n}`, how));
    const watcher = start('witness', 'watch');
    for (const it of [watcher, ...callers]) await it.line(0);
    writeFileSync(join(stateDir, 'go'), '');
    const said = await Promise.all(callers.map(saidBy));
    const witness = await saidBy(watcher);
    const wrong = await scene.store.ledger.verify();
    if (wrong.length > 0) throw new Error(`the ledger does not add up: ${wrong.join('; ')}`);
    return { seen: together(said), witness };
  } finally {
    scene.store.close();
  }
}

function together(said: readonly Seen[]): Seen {
  return {
    samples: said.flatMap(({ samples }) => samples),
    blockMs: Math.max(...said.map(block)),
    errors: said.flatMap(({ errors }) => errors),
  };
}

async function saidBy(caller: Program): Promise<Seen> {
  const seen = JSON.parse(await caller.line(1)) as Seen;
  await caller.exited;
  return seen;
}
