import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** SHA-256 of an entry file: tells two attempts on different sources apart. Null if unreadable. */
export async function sourceHash(file: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    return null;
  }
}
