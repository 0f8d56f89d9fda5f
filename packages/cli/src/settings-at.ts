import { type Clock, type Settings, systemClock } from '@nightshift/domain';
import { loadSettings } from '@nightshift/lifecycle';

/** The configuration alone, for commands that need no state. @throws NightshiftError (78). */
export async function settingsAt(
  configFile: string | undefined,
): Promise<{ readonly clock: Clock; readonly settings: () => Promise<Settings> }> {
  const { settings } = await loadSettings({ configFile, cwd: process.cwd() });
  return { clock: systemClock, settings: () => Promise.resolve(settings) };
}
