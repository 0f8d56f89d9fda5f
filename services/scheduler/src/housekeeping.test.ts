import { DEFAULT_RETENTION, type Pruned, type WalState } from '@nightshift/domain';
import { type ManualClock, manualClock } from '@nightshift/support';
import { expect, test } from 'vitest';
import { Housekeeping } from './housekeeping.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOTHING: Pruned['removed'] = {
  jobs: 0,
  spend: 0,
  windows: 0,
  slots: 0,
  reports: 0,
  drafts: 0,
  events: 0,
  audit: 0,
  instances: 0,
};

function keeper(answers: Partial<Pruned & WalState> = {}) {
  const clock: ManualClock = manualClock('2026-03-01T00:00:00Z');
  const said: string[] = [];
  const files: (readonly [ageMs: number, limit: number])[] = [];
  /** Files of reports that are removed at each look. */
  const old: number[] = [];
  const housekeeping = new Housekeeping({
    clock,
    ages: DEFAULT_RETENTION,
    retention: {
      prune: (ages, limit) => {
        said.push(`prune ${ages === DEFAULT_RETENTION} ${limit}`);
        return Promise.resolve({ removed: NOTHING, more: false, ...answers });
      },
      checkpoint: () => {
        said.push('checkpoint');
        return Promise.resolve({ bytes: 9, busy: false, ...answers });
      },
    },
    reportFiles: (before, limit) => {
      files.push([clock.now() - before, limit]);
      return Promise.resolve(old.shift() ?? 0);
    },
    onPruned: (removed) => said.push(`pruned ${removed.jobs}`),
    onPinned: (bytes) => said.push(`pinned ${bytes}`),
  });
  /** Looks once a minute, as a scheduler without slots does at the least. */
  const passes = async (ms: number): Promise<string[]> => {
    said.length = 0;
    for (let at = 0; at < ms; at += MINUTE) {
      clock.advance(MINUTE);
      await housekeeping.pass();
    }
    return said;
  };
  return { clock, housekeeping, passes, files, old };
}

test('what is old goes once a minute, and at once while there is more', async () => {
  const idle = keeper();
  await idle.passes(HOUR);
  expect(await idle.passes(2 * MINUTE)).toEqual([
    'checkpoint',
    'prune true 200',
    'checkpoint',
    'prune true 200',
  ]);
  expect(await idle.housekeeping.pass()).toBe(MINUTE);
  const busy = keeper({ removed: { ...NOTHING, jobs: 3 }, more: true });
  await busy.passes(HOUR);
  expect(await busy.passes(MINUTE)).toEqual(['checkpoint', 'prune true 200', 'pruned 3']);
  expect(await busy.housekeeping.pass()).toBeLessThan(100);
});

test('nothing goes by a clock that stepped within the last hour', async () => {
  const { clock, passes } = keeper();
  expect(await passes(HOUR - MINUTE)).not.toContain('prune true 200');
  expect(await passes(MINUTE)).toContain('prune true 200');
  clock.stepTo(Date.parse('2099-01-01T00:00:00Z'));
  expect(await passes(HOUR)).not.toContain('prune true 200');
  clock.stepTo(Date.parse('2026-03-01T03:00:00Z'));
  expect(await passes(HOUR)).not.toContain('prune true 200');
  expect(await passes(MINUTE)).toContain('prune true 200');
});

test('a reader who keeps the log from shrinking is told of', async () => {
  expect(await keeper({ busy: true, bytes: 77 }).passes(MINUTE)).toEqual([
    'checkpoint',
    'pinned 77',
  ]);
});

test('files of reports are looked at once an hour, and again at once while there are more', async () => {
  const keep = keeper();
  await keep.passes(HOUR);
  keep.files.length = 0;
  await keep.passes(3 * HOUR);
  expect(keep.files).toEqual(Array.from({ length: 3 }, () => [DEFAULT_RETENTION.reportsMs, 200]));
  keep.old.push(200, 7);
  await keep.passes(HOUR + MINUTE);
  expect(keep.files).toHaveLength(5);
});
