import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import { logPath } from '@nightshift/lifecycle';

/** Between two looks, ms: quick enough for a person, and it costs three stat calls. */
const LOOK_MS = 200;
const CHUNK_BYTES = 64 * 1024;

/**
 * Complete lines that are appended to the current logs of these services, until `signal` aborts.
 * A file that is renamed away is read to its end before its successor is opened, so a rotation
 * loses nothing; a file that appears later is read from its beginning.
 */
export async function* followFiles(
  dir: string,
  services: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const tails = services.map((service) => new Tail(logPath(dir, service)));
  try {
    for (const tail of tails) tail.skipToEnd();
    while (!signal.aborted) {
      for (const tail of tails) yield* tail.lines();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    for (const tail of tails) tail.close();
  }
}

/** One path that is read as it grows. */
class Tail {
  readonly #path: string;
  #open: { fd: number; inode: number; position: number } | null = null;
  #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** What is there already was shown before. */
  skipToEnd(): void {
    const open = this.#reopen();
    if (open !== null) open.position = fstatSync(open.fd).size;
  }

  *lines(): Generator<string> {
    const open = this.#open ?? this.#reopen();
    if (open === null) return;
    yield* this.#read(open);
    if (!this.#moved(open.inode)) return;
    // Whatever was written between the read and the rename.
    yield* this.#read(open);
    this.close();
  }

  close(): void {
    if (this.#open !== null) closeSync(this.#open.fd);
    this.#open = null;
    this.#decoder = new StringDecoder('utf8');
    this.#rest = '';
  }

  *#read(open: { fd: number; position: number }): Generator<string> {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const bytes = readSync(open.fd, chunk, 0, CHUNK_BYTES, open.position);
      if (bytes === 0) return;
      open.position += bytes;
      const lines = (this.#rest + this.#decoder.write(chunk.subarray(0, bytes))).split('\n');
      this.#rest = lines.pop() ?? '';
      yield* lines;
    }
  }

  #reopen() {
    try {
      const fd = openSync(this.#path, 'r');
      this.#open = { fd, inode: fstatSync(fd).ino, position: 0 };
    } catch {
      this.#open = null;
    }
    return this.#open;
  }

  /** The name belongs to another file now, or to none yet. */
  #moved(inode: number): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino !== inode;
  }
}
