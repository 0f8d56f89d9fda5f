import type { z } from 'zod';
import { DEFAULT_TIMES, STOP_TIMEOUT_MS, type Times } from '@nightshift/domain';
import type { Mistakes } from './mistakes.ts';
import { closed, leaf } from './schema.ts';
import { duration } from './values.ts';

const time = leaf(duration('20ms', '1h')).optional();

export const timesSchema = closed({
  tick: time,
  beat: time,
  silent: time,
  termGrace: time,
  lease: time,
  leaseRenew: time,
  drain: time,
  recover: time,
});

/** The times with defaults filled in; sets that cannot work together go on the list. */
export function timesOf(given: z.output<typeof timesSchema>, found: Mistakes): Times {
  const times: Times = {
    tickMs: given.tick ?? DEFAULT_TIMES.tickMs,
    beatMs: given.beat ?? DEFAULT_TIMES.beatMs,
    silentMs: given.silent ?? DEFAULT_TIMES.silentMs,
    termGraceMs: given.termGrace ?? DEFAULT_TIMES.termGraceMs,
    leaseMs: given.lease ?? DEFAULT_TIMES.leaseMs,
    leaseRenewMs: given.leaseRenew ?? DEFAULT_TIMES.leaseRenewMs,
    drainMs: given.drain ?? DEFAULT_TIMES.drainMs,
    recoverMs: given.recover ?? DEFAULT_TIMES.recoverMs,
  };
  for (const [path, message] of inconsistencies(times)) found.add(['times', path], message);
  return times;
}

/** A supervisor that kills while the drain still has a second to go would cut the sign-off. */
const DRAIN_MARGIN_MS = 5_000;

function inconsistencies(t: Times): readonly (readonly [string, string])[] {
  const rules: readonly (readonly [boolean, string, string])[] = [
    [
      t.silentMs > 3 * t.beatMs,
      'silent',
      `${t.silentMs} ms are not more than 3 beats of ${t.beatMs} ms: one slow beat would look dead`,
    ],
    [
      t.silentMs > 3 * t.tickMs,
      'silent',
      `${t.silentMs} ms are not more than 3 ticks of ${t.tickMs} ms: the watchdog could not tell`,
    ],
    [
      t.leaseMs >= 3 * t.leaseRenewMs,
      'lease',
      `${t.leaseMs} ms are less than 3 renewals of ${t.leaseRenewMs} ms: one slow write would lose it`,
    ],
    [
      t.drainMs + DRAIN_MARGIN_MS <= STOP_TIMEOUT_MS,
      'drain',
      `${t.drainMs} ms leave less than ${DRAIN_MARGIN_MS} ms of the ${STOP_TIMEOUT_MS} ms after ` +
        'which the supervisor kills',
    ],
    [
      t.recoverMs > 3 * t.beatMs,
      'recover',
      `${t.recoverMs} ms are not more than 3 beats of ${t.beatMs} ms: a new life could not show itself`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, path, message]) => [path, message]);
}
