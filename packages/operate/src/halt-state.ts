import { stopFile } from '@nightshift/lifecycle';
import type { Installation } from './installation.ts';

/** Is it halted, and by what: the row, the STOP file, or both. */
export interface Halt {
  readonly halted: boolean;
  readonly byFile: boolean;
  /** Null when the database cannot be read. */
  readonly byRow: boolean | null;
  readonly reason: string | null;
  readonly who: string | null;
  readonly at: number | null;
}

/** Looks at both places. Never throws: a database that cannot be read leaves the file to speak. */
export async function readHalt(installation: Installation): Promise<Halt> {
  const file = stopFile(installation.paths.stopFile);
  const byFile = file.isStopped();
  const note = byFile ? file.read() : null;
  const row = await readRow(installation);
  const stated = row?.halted === true ? row : note;
  return {
    halted: byFile || row?.halted === true,
    byFile,
    byRow: row === null ? null : row.halted,
    reason: stated?.reason ?? null,
    who: stated?.who ?? null,
    at: stated?.at ?? null,
  };
}

async function readRow(installation: Installation) {
  try {
    return await (await installation.store()).control.read();
  } catch {
    return null;
  }
}
