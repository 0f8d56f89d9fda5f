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
const CALLER = fileURLToPath(new URL('../fixtures/gate-caller.ts', import.meta.url));

/** Eight processes at one gate, each taking and settling holds as fast as it can. */
export const contended: Group = {
  ids: ['gate.contended_p99', 'gate.contended_max', 'gate.loop_block_max', 'gate.contended_errors'],
  run,
};

/** What the processes of one round saw together. */
interface Seen {
  readonly samples: readonly number[];
  readonly blockMs: number;
  readonly errors: readonly string[];
}

type How = 'ours' | 'sqlite' | 'watch';

async function run(bench: Bench): Promise<Results> {
  const ours: Seen[] = [];
  const peer: Seen[] = [];
  const alone: number[] = [];
  for (let n = 0; n < bench.rounds; n++) {
    const mine = await oneRound(bench, 'ours');
    ours.push(mine.seen);
    alone.push(mine.witnessMs);
    peer.push((await oneRound(bench, 'sqlite')).seen);
  }
  const operations = ours.reduce((sum, { samples }) => sum + samples.length, 0);
  const others = peer.reduce((sum, { samples }) => sum + samples.length, 0);
  const note = `${PROCESSES} processes without a pause on one database, ${bench.rounds} rounds of
    ${ROUND_MS / 1_000} s, ${operations} operations, the peer's ${others}`.replaceAll(/\s+/g, ' ');
  const witness = `a process that called nothing was late by ${Math.max(...alone).toFixed(1)} ms`;
  const errors = ours.flatMap((it) => it.errors);
  return {
    rows: [
      row('gate.contended_p99', 10, ours.map(p99), peer.map(p99), median, note),
      row('gate.contended_max', 250, ours.map(longest), peer.map(longest), worst, note),
      row('gate.loop_block_max', 50, ours.map(block), peer.map(block), worst, witness),
      errorRow(errors),
    ],
  };
}

const p99 = ({ samples }: Seen): number => quantile(samples, 0.99);
const longest = ({ samples }: Seen): number => quantile(samples, 1);
const block = ({ blockMs }: Seen): number => blockMs;
const worst = (rounds: readonly number[]): number => Math.max(...rounds);

function row(
  id: string,
  budgetMs: number,
  ours: readonly number[],
  peer: readonly number[],
  over: (rounds: readonly number[]) => number,
  note: string,
): Measured {
  const { low, high } = summarise(ours);
  return {
    id,
    unit: 'ms',
    ours: over(ours),
    spread: [low, high],
    peer: { name: "SQLite's own busy handler, 10 s", value: over(peer) },
    budget: atMost(budgetMs),
    note,
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
): Promise<{ readonly seen: Seen; readonly witnessMs: number }> {
  const stateDir = workspace.folder('contended');
  const scene = await openLedgerScene(stateDir);
  const start = (name: string, part: How): Program =>
    workspace.start([CALLER, stateDir, name, String(ROUND_MS), part]);
  try {
    const callers = Array.from({ length: PROCESSES }, (_, n) => start(`caller-${n}`, how));
    const witness = start('witness', 'watch');
    for (const it of [witness, ...callers]) await it.line(0);
    writeFileSync(join(stateDir, 'go'), '');
    const said = await Promise.all(callers.map(saidBy));
    const { blockMs: witnessMs } = await saidBy(witness);
    const wrong = await scene.store.ledger.verify();
    if (wrong.length > 0) throw new Error(`the ledger does not add up: ${wrong.join('; ')}`);
    return { seen: together(said), witnessMs };
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
