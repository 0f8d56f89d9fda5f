import type { Breaker } from '@nightshift/domain';
import { type Installation, notFound } from './installation.ts';

/** The breaker of every endpoint that was ever called. */
export async function listBreakers(installation: Installation): Promise<readonly Breaker[]> {
  return (await installation.store()).breakers.list();
}

/** Closes a breaker by hand. @throws NightshiftError `not-found` (1). */
export async function resetBreaker(installation: Installation, name: string): Promise<void> {
  const { breakers } = await installation.store();
  const known = (await breakers.list()).some((it) => it.name === name);
  if (!known) throw notFound('breaker', name, 'nightshift breaker list shows the names');
  await breakers.reset(name, installation.actor);
}
