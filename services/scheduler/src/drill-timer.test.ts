import { DRILLS, EXIT, type DrillName } from '@nightshift/domain';
import { createDrillStore, openStore, type Store } from '@nightshift/store';
import { manualClock, onCleanup, tempDir, type ManualClock } from '@nightshift/support';
import { beforeEach, expect, test } from 'vitest';
import { DrillTimer } from './drill-timer.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Sunday. */
const INSTALLED = '2026-11-22T12:00:00Z';
const SLOT = Date.parse('2026-11-23T05:00:00Z');

let clock: ManualClock;
let store: Store;
let asked: number[];
/** What the next runs of the drills end with. */
let exits: number[];
let timer: DrillTimer;

beforeEach(async () => {
  clock = manualClock(INSTALLED);
  store = await openStore({ stateDir: tempDir(), clock, mode: 'create' });
  onCleanup(() => store.close());
  [asked, exits] = [[], []];
  timer = timerOf();
});

function timerOf(): DrillTimer {
  return new DrillTimer({
    cron: '0 5 * * 1',
    timezone: 'UTC',
    clock,
    drills: createDrillStore(store),
    run,
    log: { info: () => undefined, warn: () => undefined },
  });
}

/** As the command does: one that is not possible now has begun all the same. */
async function run(sinceAt: number): Promise<number> {
  asked.push(sinceAt);
  const exit = exits.shift() ?? EXIT.ok;
  for (const name of DRILLS) await begin(name, exit === EXIT.ok ? 'passed' : 'skipped');
  return exit;
}

async function begin(name: DrillName, outcome: 'passed' | 'skipped'): Promise<void> {
  const drills = createDrillStore(store);
  const id = `${name} ${clock.now()}`;
  await drills.begin({ id, name, expiresAt: clock.now() + MINUTE, by: 'ada', process: null });
  await drills.end(id, outcome);
}

/** A scheduler's passes for so long. */
async function passes(ms: number): Promise<void> {
  for (const end = clock.now() + ms; clock.now() < end;) {
    clock.advance(MINUTE);
    await timer.look();
  }
}

test('drills are run once at their slot, and not before', async () => {
  await passes(17 * HOUR - MINUTE);
  expect(asked).toEqual([]);
  await passes(24 * HOUR);
  expect(asked).toEqual([SLOT]);
  await passes(6 * 24 * HOUR + 2 * MINUTE);
  expect(asked).toEqual([SLOT, SLOT + 7 * 24 * HOUR]);
});

test('a slot at which the machine was off is made up for, also by another scheduler', async () => {
  clock.advance(20 * HOUR);
  timer = timerOf();
  await passes(HOUR);
  timer = timerOf();
  await passes(HOUR);
  expect(asked).toEqual([SLOT]);
});

test('one drill that a person ran does not stand for the others', async () => {
  clock.advance(18 * HOUR);
  await begin('cap', 'passed');
  await passes(2 * MINUTE);
  expect(asked).toEqual([SLOT]);
});

test('what is not possible now is tried again, for three hours at most', async () => {
  exits = [EXIT.tryAgain, EXIT.refused, EXIT.ok];
  await passes(18 * HOUR);
  expect(asked).toEqual([SLOT, SLOT, SLOT]);
  exits = Array.from({ length: 100 }, () => EXIT.tryAgain);
  clock.advance(6 * 24 * HOUR);
  await passes(30 * HOUR);
  const tries = asked.filter((at) => at !== SLOT).length;
  expect(tries).toBeGreaterThan(10);
  expect(tries).toBeLessThan(20);
});

test('drills that failed are not repeated by a machine, and no error ends the scheduler', async () => {
  exits = [EXIT.failed];
  await passes(30 * HOUR);
  expect(asked).toEqual([SLOT]);
  store.close();
  await expect(passes(2 * MINUTE)).resolves.toBeUndefined();
});
