import type { Incident } from '@nightshift/domain';
import type { DrillScene } from '../drill.ts';

/** Did the watchdog raise such a thing since this drill began? */
export async function incidentOf(
  { installation, begunAt }: DrillScene,
  is: (incident: Incident) => boolean,
): Promise<boolean> {
  const watch = await installation.watchStore();
  const newest = (await watch?.incidents(50)) ?? [];
  return newest.some((it) => it.openedAt !== null && it.openedAt >= begunAt && is(it));
}
