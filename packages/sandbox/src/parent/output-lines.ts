import type { Readable } from 'node:stream';
import { sanitiseLine } from '@nightshift/domain';

export type OutputStream = 'stdout' | 'stderr';

/** What of a child's output is kept. */
export interface OutputLimits {
  /** Longest line, characters; the rest of it is dropped. */
  readonly lineChars: number;
  /** Lines of both streams together. */
  readonly lines: number;
  /** Bytes of both streams after which the child is ended, bytes. */
  readonly floodBytes: number;
}

export const OUTPUT_LIMITS: OutputLimits = {
  lineChars: 2_000,
  lines: 2_000,
  floodBytes: 67_108_864,
};

/** Takes a child's stdout and stderr apart into clean lines, with limits over both. */
export class OutputLines {
  readonly #emit: (stream: OutputStream, line: string) => void;
  readonly #limits: OutputLimits;
  readonly #flooded: () => void;
  #lines = 0;
  #bytes = 0;

  constructor(
    emit: (stream: OutputStream, line: string) => void,
    flooded: () => void,
    limits: OutputLimits = OUTPUT_LIMITS,
  ) {
    this.#emit = emit;
    this.#flooded = flooded;
    this.#limits = limits;
  }

  /** Reads `source` to its end. `seen` gets each kept line before it is cut into form. */
  read(name: OutputStream, source: Readable): void {
    const decoder = new TextDecoder();
    let rest = '';
    source.on('data', (bytes: Uint8Array) => {
      if (!this.#count(bytes.length)) return;
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop()!.slice(0, this.#limits.lineChars + 1);
      for (const line of lines) this.#line(name, line);
    });
    source.on('end', () => {
      if (rest !== '') this.#line(name, rest);
    });
    source.on('error', () => undefined);
  }

  /** False when nothing more is kept. */
  #count(bytes: number): boolean {
    const before = this.#bytes;
    this.#bytes += bytes;
    const { floodBytes, lines } = this.#limits;
    if (before <= floodBytes && this.#bytes > floodBytes) this.#flooded();
    return this.#lines <= lines;
  }

  #line(name: OutputStream, line: string): void {
    this.#lines += 1;
    if (this.#lines <= this.#limits.lines)
      this.#emit(name, sanitiseLine(line, this.#limits.lineChars));
    else if (this.#lines === this.#limits.lines + 1) {
      this.#emit(name, `output beyond ${this.#limits.lines} lines is not kept`);
    }
  }
}
