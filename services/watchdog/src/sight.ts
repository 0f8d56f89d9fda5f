import { toError, type Clock, type FactStore, type Instance } from '@nightshift/domain';
import { askSince, type Seen, type Sight } from '@nightshift/alerts';

/** Where facts come from; null while the shared database cannot be opened. */
export type FactSource = () => Promise<FactStore | null>;

/**
 * Facts without bounded runs whose process is proven to have ended: nobody has to start them again,
 * so one that died without a word is no silent service. Its job is taken back by the next one.
 */
export function withoutEndedRuns(
  source: FactSource,
  hasEnded: (life: Instance) => boolean,
): FactSource {
  return async () => {
    const facts = await source();
    if (facts === null) return null;
    return {
      async read(request) {
        const seen = await facts.read(request);
        const instances = seen.instances.filter((it) => it.service !== 'run' || !hasEnded(it));
        return { ...seen, instances };
      },
    };
  };
}

/** Reads a tick's facts. Never rejects: not being able to read is what it then saw. */
export async function look(
  source: FactSource,
  clock: Clock,
  seen: { readonly dead: Seen; readonly reports: Seen },
): Promise<Sight> {
  const now = clock.now();
  try {
    const facts = await source();
    if (facts === null) return { now, unavailable: 'the database cannot be opened' };
    return await facts.read({
      deadSince: askSince(seen.dead, now),
      reportsSince: askSince(seen.reports, now),
    });
  } catch (error) {
    return { now, unavailable: toError(error).message };
  }
}

/** The services as they are this moment. @throws what the store throws */
export async function lives(source: FactSource, clock: Clock): Promise<readonly Instance[]> {
  const facts = await source();
  if (facts === null) return [];
  const now = clock.now();
  return (await facts.read({ deadSince: now, reportsSince: now })).instances;
}
