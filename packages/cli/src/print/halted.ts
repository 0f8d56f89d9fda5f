import { sanitiseLine } from '@nightshift/domain';
import { type Installation, readHalt } from '@nightshift/operate';
import type { Paint } from './style.ts';
import { relative } from './time.ts';

/** `HALTED by person:ada 3 min ago: leaking money  (nightshift resume ends it)`, or null. */
export async function haltedLine(installation: Installation, paint: Paint): Promise<string | null> {
  const halt = await readHalt(installation);
  if (!halt.halted) return null;
  const by = halt.who === null ? '' : ` by ${sanitiseLine(halt.who, 60)}`;
  const when = halt.at === null ? '' : ` ${relative(halt.at, installation.clock.now())}`;
  const reason = sanitiseLine(halt.reason ?? 'a STOP file is in the state folder', 160);
  return `${paint('bad', 'HALTED')}${by}${when}: ${reason}  (nightshift resume ends it)`;
}
