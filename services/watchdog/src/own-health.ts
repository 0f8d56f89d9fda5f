import type { Finding } from '@nightshift/domain';
import { isUnavailable, type Sight } from '@nightshift/alerts';
import type { OwnHealth } from './dead-man.ts';

/** Findings after which nobody here will act any more. */
const GIVEN_UP: ReadonlySet<string> = new Set(['stand-down', 'kill-failed', 'not-recovered']);

/**
 * May the world believe that the watchdog works? Its facts were read, no part of it failed, its
 * last delivery pass went through, and not every channel is broken. Pure.
 */
export function ownHealth(
  sight: Sight,
  findings: readonly Finding[],
  outbox: { readonly channels: readonly string[]; readonly passed: boolean },
): OwnHealth {
  const failed = findings.some((it) => it.rule === 'watchdog-error');
  const broken = new Set(findings.filter((it) => it.rule === 'channel-broken').map((it) => it.key));
  const mute = outbox.channels.length > 0 && broken.size >= outbox.channels.length;
  return {
    well: !isUnavailable(sight) && !failed && outbox.passed && !mute,
    stoodDown: findings.some((it) => GIVEN_UP.has(it.rule)),
  };
}
