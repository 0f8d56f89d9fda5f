import { DEFAULT_ALERTS } from '@nightshift/domain';
import { manualClock } from '@nightshift/support';
import { expect, test } from 'vitest';
import { Unheard, whyUnheard } from './unheard.ts';

const channel = { kind: 'ntfy', name: 'ntfy' } as never;
const heard = { alerts: { ...DEFAULT_ALERTS, channels: [channel] } };
const silent = { config: '/c.ts', stateDir: '/state', withoutAlerts: true };

test('nobody hears without a channel, and where nobody wanted a receipt', () => {
  expect(whyUnheard({ alerts: DEFAULT_ALERTS }, null, '/state')).toContain('no channel');
  expect(whyUnheard(heard, silent, '/state')).toContain('--without-alerts');
  expect(whyUnheard(heard, silent, '/state-of-another')).toBeNull();
  expect(whyUnheard(heard, { ...silent, withoutAlerts: false }, '/state')).toBeNull();
  expect(whyUnheard(heard, null, '/state')).toBeNull();
});

test('the log of each day says it once, over restarts', async () => {
  const clock = manualClock('2026-11-22T23:00:00Z');
  const said: string[] = [];
  const known = new Map<string, string>();
  const life = (unheard: string | null): Unheard =>
    new Unheard({
      unheard,
      clock,
      log: { warn: (code: string, text: string) => void said.push(`${code} ${text}`) },
      store: {
        remember: async (name, value) => void known.set(name, value),
        recall: async (name) => known.get(name) ?? null,
      },
    });
  const first = life('there is no channel');
  await first.tick();
  await first.tick();
  await life('there is no channel').tick();
  expect(said).toEqual(['unheard trouble may reach nobody: there is no channel']);
  clock.advance(2 * 3_600_000);
  await first.tick();
  await life(null).tick();
  expect(said).toHaveLength(2);
});
