import type { Incident } from '@nightshift/domain';
import type { Installation } from './installation.ts';

/** What the watchdog has raised. Empty where no watchdog has ever run. */
export async function listAlerts(
  installation: Installation,
  request: { readonly all: boolean; readonly limit: number },
): Promise<readonly Incident[]> {
  const watch = await installation.watchStore();
  if (watch === null) return [];
  if (request.all) return watch.incidents(request.limit);
  const open = await watch.openIncidents();
  return open.filter((it) => it.state === 'open').slice(0, request.limit);
}
