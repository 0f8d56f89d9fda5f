import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A file's contents as they were at one look at it. */
interface Known {
  readonly identity: string;
  readonly hash: string;
}

/**
 * SHA-256 of entry files: tells two attempts on different sources apart. A file is read again when
 * anything about it changed: which one it is, its length, or one of its times.
 */
export class SourceHashes {
  readonly #known = new Map<string, Known>();

  /** Null if the file is unreadable. */
  async of(file: string): Promise<string | null> {
    try {
      const identity = identityOf(file);
      const known = this.#known.get(file);
      if (known?.identity === identity) return known.hash;
      const hash = createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
      // Written to while it was read: whose hash this is will be known at the next look.
      if (identityOf(file) === identity) this.#known.set(file, { identity, hash });
      return hash;
    } catch {
      return null;
    }
  }
}

function identityOf(file: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
