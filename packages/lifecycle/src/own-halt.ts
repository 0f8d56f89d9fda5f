import type { Actor, ControlStore } from '@nightshift/domain';
import type { StopFile } from './stop-file.ts';

/**
 * Ends the halt with this reason and nobody else's: a halt that a person ordered while ours was in
 * force has written the STOP file anew, and goes on. The row holds until the file is gone, so there
 * is no moment between two halts.
 *
 * @returns whether anything was ended. @throws what removing and the store throw; it stays halted.
 */
export async function endOwnHalt(
  stopFile: StopFile,
  control: ControlStore,
  reason: string,
  actor: Actor,
): Promise<boolean> {
  const file = stopFile.removeOwn(reason);
  const row = await control.read();
  if (!row.halted || row.reason !== reason) return file;
  await control.resume(actor, reason);
  return true;
}
