import type { Bench, Group, Results } from '../benchmark.ts';
import { atMostTimes } from '../row.ts';
import { median, summarise } from '../statistics.ts';
import { ACTUAL_NUSD, BOUND_NUSD, openLedgerScene } from '../support/ledger-scene.ts';
import { type LedgerScene, reserve, settle } from '../support/ledger-scene.ts';
import { type Raw, openRaw, requireFullSync } from '../support/raw.ts';
import { type Side, takeTurns } from '../support/rounds.ts';

const CALLS_A_ROUND = 300;

/**
 * Reserve and settle against the same rows written by better-sqlite3 alone: two immediate
 * transactions with prepared statements into the same schema, without a question asked. What is
 * above the ratio of 1 is the price of every check.
 */
export const gate: Group = { ids: ['gate.reserve_settle'], run };

async function run({ workspace, rounds }: Bench): Promise<Results> {
  const ours = await openLedgerScene(workspace.folder('gate'));
  const theirs = await openLedgerScene(workspace.folder('raw'));
  // Its windows exist from here on, as those of the other side do after the first call.
  await settle(theirs, await reserve(theirs, -1));
  theirs.store.close();
  const raw = openRaw(theirs.file);
  workspace.onClose(() => {
    raw.close();
    ours.store.close();
  });
  requireFullSync(raw, 'raw better-sqlite3');
  const sides = { ours: oneCall(ours), peer: rawCall(raw, theirs) };
  const samples = await takeTurns(sides, rounds, CALLS_A_ROUND);
  const { low, high, count } = summarise(samples.ours);
  return {
    rows: [
      {
        id: 'gate.reserve_settle',
        unit: 'ms',
        ours: median(samples.ours),
        spread: [low, high],
        peer: { name: 'the same rows in the same two commits, raw', value: median(samples.peer) },
        budget: atMostTimes(1.5),
        note: `two commits a call, six windows and two events, ${count} calls of each side`,
      },
    ],
  };
}

function oneCall(scene: LedgerScene): Side {
  return async (n) => settle(scene, await reserve(scene, n));
}

/** The writes of {@link oneCall}, and nothing else. */
function rawCall(raw: Raw, { principal }: LedgerScene): Side {
  const { job, attempt, agent, instance } = principal;
  const ids = raw.prepare('SELECT id FROM budget_windows').pluck().all() as number[];
  const windows = JSON.stringify(ids);
  const insert = raw.prepare(INSERT);
  const hold = raw.prepare(`UPDATE budget_windows SET held_nusd = held_nusd + ? WHERE id = ?`);
  const end = raw.prepare(END);
  const book = raw.prepare(BOOK);
  const event = raw.prepare('INSERT INTO events (at, kind, ref, data) VALUES (?, ?, ?, ?)');
  const open = raw.transaction((id: string, n: number) => {
    for (const it of ids) hold.run(BOUND_NUSD, it);
    insert.run({ id, windows, job, attempt, agent, instance, n, bound: BOUND_NUSD });
    event.run(n, 'spend.held', job, JSON.stringify({ hold: id, boundNusd: BOUND_NUSD }));
  });
  const close = raw.transaction((id: string, n: number) => {
    end.run(JSON.stringify({ inputTokens: 90, outputTokens: 24 }), ACTUAL_NUSD, n, id);
    for (const it of ids) book.run(BOUND_NUSD, ACTUAL_NUSD, it);
    event.run(n, 'spend.settled', job, JSON.stringify({ hold: id, countsNusd: ACTUAL_NUSD }));
  });
  return (n) => {
    const id = `${String(n).padStart(16, '0')}-${crypto.randomUUID()}`;
    open.immediate(id, n);
    close.immediate(id, n);
  };
}

const INSERT = `
  INSERT INTO spend (id, windows, job, attempt, agent, instance, step, ordinal, endpoint, model,
                     price_version, request_hash, day, bound_nusd, state, taken_at)
  VALUES (:id, :windows, :job, :attempt, :agent, :instance, 'step', :n, 'local', 'small',
          'bench-1', 'request', '2026-01-01', :bound, 'held', :n)`;

const END = `
  UPDATE spend SET state = 'settled', outcome = 'answered', status = 200, usage = ?,
                   actual_nusd = ?, ended_at = ?
  WHERE id = ?`;

const BOOK = `
  UPDATE budget_windows SET held_nusd = held_nusd - ?, settled_nusd = settled_nusd + ?
  WHERE id = ?`;
