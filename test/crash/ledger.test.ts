import { systemClock, type SpendRow } from '@nightshift/domain';
import { openStore, type Store } from '@nightshift/store';
import {
  onCleanup,
  repoRoot,
  spawnNode,
  tempDir,
  waitUntil,
  type Child,
} from '@nightshift/support';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBillingProvider, type BillingProvider } from './support/billing-provider.ts';
import { seeded } from '@nightshift/support/seeded';
import { crashSeed } from './support/crash-seed.ts';

const PROCESSES = 8;
const KILLS = 300;
/** Lines a worker prints at most before it is killed; a call prints four. */
const LINES_MAX = 24;
/** Reached after about two thirds of the kills, so that both sides of the cap are seen. */
const CAP_NUSD = 2_500_000_000;
const WORKER = join(repoRoot, 'test/fixtures/ledger-caller.ts');

interface Run {
  readonly store: Store;
  readonly stateDir: string;
  readonly provider: BillingProvider;
  readonly random: () => number;
  kills: number;
  orphans: number;
  refusals: number;
}

test('300 kills later the ledger is at least what the provider billed, and at most the cap', async () => {
  const seed = crashSeed();
  const run = await begin(seed);
  await Promise.all(Array.from({ length: PROCESSES }, () => killWorkers(run)));

  const { ledger } = run.store;
  const rows = await ledger.spendRows({ limit: 1_000_000 });
  const counted = total(rows, committed);
  const billed = [...run.provider.bill.values()].reduce((sum, it) => sum + it, 0);
  console.log(
    `seed ${seed}: ${run.kills} kills, ${rows.length} calls, ${run.orphans} orphans, ` +
      `${run.refusals} refusals, billed ${billed}, counted ${counted}, cap ${CAP_NUSD} nUSD`,
  );
  expect(await ledger.verify()).toEqual([]);
  expect(wrongRows(rows, run.provider.bill)).toEqual([]);
  expect(counted).toBeLessThanOrEqual(CAP_NUSD);
  expect(counted).toBeGreaterThanOrEqual(billed);
  const [day] = await ledger.windows();
  expect([day!.settledNusd, day!.heldNusd, day!.presumedNusd]).toEqual([
    total(rows, (it) => (it.state === 'settled' ? it.actualNusd! : 0)),
    0,
    total(rows, (it) => (it.state === 'presumed' ? it.boundNusd : 0)),
  ]);
  // The run met what it is about: calls cut down by a kill, and the cap.
  expect(run.kills).toBe(KILLS);
  expect(rows.filter((it) => it.outcome === 'crashed').length).toBeGreaterThan(10);
  expect(rows.filter((it) => it.outcome === 'never-left').length).toBeGreaterThan(0);
  expect(run.refusals).toBeGreaterThan(0);
});

async function begin(seed: number): Promise<Run> {
  const stateDir = tempDir('crash');
  const random = seeded(seed);
  const provider = await startBillingProvider(seeded(seed + 1));
  const store = await openStore({ stateDir, clock: systemClock, mode: 'create' });
  onCleanup(async () => {
    store.close();
    await provider.close();
  });
  const day = { scope: 'global', window: 'day', capNusd: CAP_NUSD } as const;
  await store.ledger.setBudgets([day], 1, 'UTC');
  const run = { store, stateDir, provider, random, kills: 0, orphans: 0, refusals: 0 };
  expect(await worker(run, '').exited).toMatchObject({ code: 0 });
  return run;
}

/** Three hundred starts are most of the time this takes: the first one compiles for all. */
function worker(run: Run, instance: string, first = '0'): Child {
  const args = [WORKER, run.stateDir, String(run.provider.port), instance, first];
  return spawnNode(args, { env: { NODE_COMPILE_CACHE: join(run.stateDir, 'compiled') } });
}

/** One of the processes: as soon as it is killed, its holds are ended and the next one starts. */
async function killWorkers(run: Run): Promise<void> {
  while (run.kills < KILLS) {
    const instance = `worker-${++run.kills}`;
    const stage = 2 + Math.floor(run.random() * (LINES_MAX - 1));
    const first = String(Math.floor(run.random() * 1_000_000));
    const child = worker(run, instance, first);
    const lines = (): number => child.stdout.split('\n').length - 1;
    await waitUntil(() => lines() >= stage, {
      what: `${stage} lines`,
      timeoutMs: 30_000,
      everyMs: 2,
    });
    child.kill('SIGKILL');
    const exit = await child.exited;
    if (exit.signal !== 'SIGKILL') throw new Error(`${instance} ended itself: ${child.stderr}`);
    run.refusals += child.stdout.split('refused cap-day').length - 1;
    run.orphans += await run.store.ledger.presumeOrphans(instance);
  }
}

/** Rows that say less, or other, than the bill, and lines of the bill that no row explains. */
function wrongRows(rows: readonly SpendRow[], bill: ReadonlyMap<string, number>): unknown[] {
  const wrong = rows.filter((it) => {
    const billed = bill.get(it.id) ?? 0;
    if (it.state === 'settled') return it.actualNusd !== billed;
    return it.state === 'held' || committed(it) < billed;
  });
  const known = new Set(rows.map((it) => it.id));
  return [...wrong, ...[...bill.keys()].filter((it) => !known.has(it))];
}

function committed(row: SpendRow): number {
  if (row.state === 'released') return 0;
  return row.state === 'settled' ? row.actualNusd! : row.boundNusd;
}

function total(rows: readonly SpendRow[], amount: (row: SpendRow) => number): number {
  return rows.reduce((sum, it) => sum + amount(it), 0);
}
