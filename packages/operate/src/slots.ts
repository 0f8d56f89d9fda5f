import type { SlotRow } from '@nightshift/domain';
import type { Installation } from './installation.ts';

/** What became of each due slot, newest first. */
export async function listSlots(
  installation: Installation,
  filter: { readonly agent?: string; readonly limit: number },
): Promise<readonly SlotRow[]> {
  return (await installation.store()).slots.list(filter);
}
