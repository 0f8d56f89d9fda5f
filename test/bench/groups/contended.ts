import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, atMost } from '../row.ts';
import { median, quantile, summarise } from '../statistics.ts';
import { openLedgerScene } from '../support/ledger-scene.ts';
import type { Program } from '../support/workspace.ts';

const PROCESSES = 8;
const ROUND_MS = 4_000;
const CALLER = fileURLToPath(new URL('../fixtures/gate-caller.ts', import.meta.url));

/** Eight processes at one gate, each taking and settling holds as fast as it can. */
export const contended: Group = {
  ids: ['gate.contended_p99', 'gate.contended_max', 'gate.loop_block_max', 'gate.contended_errors'],
  run,
};

/** What the processes of one round saw together. */
interface Round {
  readonly samples: readonly number[];
  readonly blockMs: number;
  readonly errors: readonly string[];
}

async function run(bench: Bench): Promise<Results> {
  const rounds: Round[] = [];
  for (let n = 0; n < bench.rounds; n++) rounds.push(await oneRound(bench));
  const all = rounds.flatMap(({ samples }) => samples);
  const p99s = rounds.map(({ samples }) => quantile(samples, 0.99));
  const maxima = rounds.map(({ samples }) => quantile(samples, 1));
  const blocks = rounds.map(({ blockMs }) => blockMs);
  const errors = rounds.flatMap((it) => it.errors);
  const note = `${PROCESSES} processes without a pause on one database, ${rounds.length} rounds of
    ${ROUND_MS / 1_000} s, ${all.length} operations, median ${median(all).toFixed(2)} ms`;
  const worst = `${note}; the worst of all rounds`;
  return {
    rows: [
      row('gate.contended_p99', 'ms', median(p99s), p99s, 10, note),
      row('gate.contended_max', 'ms', Math.max(...maxima), maxima, 250, worst),
      row('gate.loop_block_max', 'ms', Math.max(...blocks), blocks, 50, worst),
      row('gate.contended_errors', 'errors', errors.length, [errors.length], 0, said(errors)),
    ],
  };
}

function row(
  id: string,
  unit: string,
  ours: number,
  rounds: readonly number[],
  budget: number,
  note: string,
): Measured {
  const { low, high } = summarise(rounds);
  const one = note.replaceAll(/\s+/g, ' ');
  return { id, unit, ours, spread: [low, high], budget: atMost(budget), note: one };
}

function said(errors: readonly string[]): string {
  return `errors that reached a caller, SQLITE_BUSY among them: ${errors[0] ?? 'none'}`;
}

async function oneRound({ workspace }: Bench): Promise<Round> {
  const stateDir = workspace.folder('contended');
  const scene = await openLedgerScene(stateDir);
  try {
    const callers = Array.from({ length: PROCESSES }, (_, n) =>
      workspace.start([CALLER, stateDir, `caller-${n}`, String(ROUND_MS)]),
    );
    for (const caller of callers) await caller.line(0);
    writeFileSync(join(stateDir, 'go'), '');
    const said = await Promise.all(callers.map(saidBy));
    const wrong = await scene.store.ledger.verify();
    if (wrong.length > 0) throw new Error(`the ledger does not add up: ${wrong.join('; ')}`);
    return {
      samples: said.flatMap(({ samples }) => samples),
      blockMs: Math.max(...said.map(({ blockMs }) => blockMs)),
      errors: said.flatMap(({ errors }) => errors),
    };
  } finally {
    scene.store.close();
  }
}

async function saidBy(caller: Program): Promise<Round> {
  const round = JSON.parse(await caller.line(1)) as Round;
  await caller.exited;
  return round;
}
