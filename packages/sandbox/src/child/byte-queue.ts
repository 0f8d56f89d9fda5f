import { CHUNK_BYTES } from '../channel/frame.ts';

/**
 * Body bytes between the channel and whoever reads them. Credit goes back as bytes are read, not
 * as they arrive, so an unread body stops its sender.
 */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  readonly #credit: (bytes: number) => void;
  readonly #cancel: (reason: unknown) => void;
  #owed = 0;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;
  #onEnd: (() => void) | null = null;

  /** `credit` pays the sender for bytes that were read; `cancel` tells it to stop. */
  constructor(credit: (bytes: number) => void, cancel: (reason: unknown) => void) {
    this.#credit = credit;
    this.#cancel = cancel;
  }

  /** The reader wants no more. */
  cancel(reason: unknown): void {
    this.#chunks.length = 0;
    this.#cancel(reason);
    this.end(null);
  }

  push(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#notify();
  }

  /** No more bytes; `error` fails the reader after what is queued. Only the first end counts. */
  end(error: Error | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#notify();
    this.#onEnd?.();
  }

  /** Calls `done` once the body has ended, at once when it has already. */
  onEnd(done: () => void): void {
    this.#onEnd = done;
    if (this.#ended) done();
  }

  /** The next bytes, or null at the end. @throws what {@link end} was given. */
  async read(): Promise<Uint8Array | null> {
    while (this.#chunks.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#pay(chunk.length);
      return chunk;
    }
    if (this.#error !== null) throw this.#error;
    return null;
  }

  #pay(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < CHUNK_BYTES || this.#ended) return;
    this.#credit(this.#owed);
    this.#owed = 0;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
