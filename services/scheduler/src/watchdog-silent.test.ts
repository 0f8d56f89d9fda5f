import { DEFAULT_ALERTS, DEFAULT_TIMES, type Instance, type Settings } from '@nightshift/domain';
import { startNtfy } from '@nightshift/fakes';
import { manualClock, onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { WatchdogSilent } from './watchdog-silent.ts';

const quiet = { warn: () => undefined, info: () => undefined };

async function scene() {
  const ntfy = await startNtfy();
  onCleanup(() => ntfy.close());
  const clock = manualClock();
  const phone = { kind: 'ntfy', name: 'phone', server: ntfy.url, topic: 't', token: null } as const;
  const settings = {
    times: DEFAULT_TIMES,
    alerts: { ...DEFAULT_ALERTS, channels: [phone] },
  } as unknown as Settings;
  const life = { id: 'w1', service: 'watchdog', loopSeq: 1, pid: 7, stoppedAt: null };
  const state = { beats: true, seen: true };
  const instances = async () => (state.seen ? [{ ...life } as unknown as Instance] : []);
  const secret = (): string => '';
  const silent = new WatchdogSilent({ settings, clock, log: quiet, secret, instances });
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 2_000) {
      clock.advance(2_000);
      if (state.beats) life.loopSeq += 1;
      await silent.look();
    }
  };
  return { ntfy, clock, life, state, run, titles: () => ntfy.messages().map((it) => it.title) };
}

test('a watchdog that stops is told within a minute, hourly, and once more when it is back', async () => {
  const it = await scene();
  await it.run(120_000);
  it.state.beats = false;
  await it.run(58_000);
  expect(it.titles()).toEqual([]);
  await it.run(6_000);
  expect(it.titles()).toEqual(['The watchdog is silent']);
  await it.run(59 * 60_000);
  expect(it.titles()).toHaveLength(1);
  await it.run(3 * 60_000);
  expect(it.titles()).toHaveLength(2);
  it.state.beats = true;
  await it.run(10_000);
  expect(it.titles()).toHaveLength(3);
  expect(it.titles().at(-1)).toBe('Resolved: The watchdog is silent');
});

test('one that never came is told as well, and a machine that slept starts over', async () => {
  const it = await scene();
  it.state.seen = false;
  await it.run(50_000);
  it.clock.advance(3_600_000);
  await it.run(50_000);
  expect(it.titles()).toEqual([]);
  await it.run(20_000);
  expect(it.titles()).toEqual(['The watchdog is silent']);
});

test('a message that no channel took is tried again within a minute, not within an hour', async () => {
  const it = await scene();
  it.ntfy.script([{ status: 500 }]);
  it.state.beats = false;
  await it.run(70_000);
  expect(it.titles()).toEqual([]);
  await it.run(70_000);
  expect(it.titles()).toEqual(['The watchdog is silent']);
});
