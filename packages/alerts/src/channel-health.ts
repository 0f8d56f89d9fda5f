import { backoffMs, type BackoffPolicy, type Finding } from '@nightshift/domain';
import type { SendFailure } from './channel.ts';
import { CHANNEL_BROKEN } from './delivery.ts';

/**
 * How a channel has been doing. It is the channel that is tried again, not each of its messages:
 * ten messages behind a dead network are one attempt every few minutes. Times are epoch ms, because
 * they outlive the process.
 */
export interface ChannelHealth {
  /** Failures in a row. */
  readonly failures: number;
  /** Nothing is sent before this. */
  readonly notBefore: number;
  readonly failingSince: number | null;
  /** Why no message will ever be accepted, as far as is known. */
  readonly broken: string | null;
  readonly lastError: string | null;
}

/** Nothing has gone wrong. */
export const HEALTHY: ChannelHealth = {
  failures: 0,
  notBefore: 0,
  failingSince: null,
  broken: null,
  lastError: null,
};

/** Between two tries of a channel that fails: about 5 s at first, never more than five minutes. */
export const SEND_BACKOFF: BackoffPolicy = { baseMs: 5_000, factor: 2, maxMs: 300_000 };

/** Full jitter may draw nothing at all; a receiver is left alone at least this long. */
const PAUSE_MIN_MS = 1_000;

/** A broken channel gets one message an hour: its owner may have mended it. */
const BROKEN_PROBE_MS = 3_600_000;

/** A channel that has failed for this long is a finding, whatever the reason. */
const UNREACHABLE_MS = 30 * 60_000;

/** After a failed send. A message that was refused for itself says nothing about the channel. */
export function afterFailure(
  health: ChannelHealth,
  failure: SendFailure,
  now: number,
  random: () => number,
): ChannelHealth {
  if (failure.permanent && !failure.channelBroken) return health;
  const failures = health.failures + 1;
  const asked = Math.max(failure.retryAfterMs ?? 0, (failure.parkUntil ?? 0) - now);
  const own = failure.channelBroken ? BROKEN_PROBE_MS : backoffMs(SEND_BACKOFF, failures, random);
  return {
    failures,
    notBefore: now + Math.max(PAUSE_MIN_MS, asked, own),
    failingSince: health.failingSince ?? now,
    broken: failure.channelBroken ? failure.message : health.broken,
    lastError: failure.message,
  };
}

/** What a person has to know about the channel; null while it is well enough. */
export function healthFinding(channel: string, health: ChannelHealth, now: number): Finding | null {
  const since = health.failingSince;
  if (since === null) return null;
  if (health.broken === null && now - since < UNREACHABLE_MS) return null;
  return {
    rule: CHANNEL_BROKEN,
    key: `${CHANNEL_BROKEN}:${channel}`,
    severity: 'page',
    title: `Channel ${channel} cannot deliver`,
    detail: health.broken ?? `Unreachable for long: ${health.lastError ?? 'no reason known'}`,
  };
}

/** Health from the watchdog's memory; healthy when there is none that can be read. */
export function parseHealth(text: string | null): ChannelHealth {
  if (text === null) return HEALTHY;
  try {
    const value = JSON.parse(text) as Partial<ChannelHealth> | null;
    return typeof value?.notBefore === 'number' ? { ...HEALTHY, ...value } : HEALTHY;
  } catch {
    return HEALTHY;
  }
}
