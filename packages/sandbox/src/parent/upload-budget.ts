/**
 * Bytes of request bodies held for one child at a time. A body is admitted as a whole, in order, so
 * two half-received bodies never wait for each other.
 */
export class UploadBudget {
  #free: number;
  readonly #waiting: { readonly bytes: number; readonly admit: () => void }[] = [];

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Waits for room for a body; the result gives it back. @throws the signal's reason. */
  async admit(bytes: number, signal: AbortSignal): Promise<() => void> {
    if (this.#waiting.length > 0 || bytes > this.#free) {
      await new Promise<void>((admit) => this.#waiting.push({ bytes, admit }));
    } else {
      this.#free -= bytes;
    }
    const release = (): void => this.#release(bytes);
    if (!signal.aborted) return release;
    release();
    throw signal.reason;
  }

  #release(bytes: number): void {
    this.#free += bytes;
    let first = this.#waiting[0];
    while (first !== undefined && first.bytes <= this.#free) {
      this.#waiting.shift();
      this.#free -= first.bytes;
      first.admit();
      first = this.#waiting[0];
    }
  }
}
