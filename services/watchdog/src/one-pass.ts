import type { Observation } from '@nightshift/alerts';
import { isUnavailable, type Sight } from '@nightshift/alerts';
import type { WatchStore } from '@nightshift/domain';

/** A bounded run that was seen to beat this often is alive. */
const BEATS_OF_LIFE = 2;

/**
 * The shape that cron starts: ticks until it can be said of a bounded run under way whether it
 * lives, and a kill has come to its end; most often that is one tick. Nothing is known of earlier
 * passes but what is in the watchdog's own database, so a silent run is watched for as long as a
 * resident watchdog would.
 *
 * @returns true when nothing is left to wait for
 */
export async function isPassOver(
  sight: Sight,
  observation: Observation,
  store: Pick<WatchStore, 'activeKill'>,
  limits: { readonly tookMs: number; readonly maxMs: number },
): Promise<boolean> {
  if (limits.tookMs >= limits.maxMs) return true;
  if ((await store.activeKill('run')) !== null) return false;
  if (isUnavailable(sight)) return true;
  const run = sight.instances.find((it) => it.service === 'run' && it.stoppedAt === null);
  if (run === undefined) return true;
  const seen = observation.services.run;
  return seen?.instance === run.id && seen.beats >= BEATS_OF_LIFE;
}
