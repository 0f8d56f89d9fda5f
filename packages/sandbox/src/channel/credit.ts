/**
 * Credit-based flow control: the receiver says how many bytes it will take, the sender sends no
 * more than that. One object counts one direction of one call.
 */
export class Credit {
  #available: number;
  readonly #max: number;
  #wake: (() => void) | null = null;
  #closed = false;

  /** `initial` and `max` in bytes; a grant beyond `max` is cut down to it. */
  constructor(initial: number, max: number) {
    this.#available = initial;
    this.#max = max;
  }

  /** The receiver takes `bytes` more. */
  grant(bytes: number): void {
    this.#available = Math.min(this.#max, this.#available + bytes);
    this.#notify();
  }

  /** Ends every wait, now and later: {@link take} answers 0. */
  close(): void {
    this.#closed = true;
    this.#notify();
  }

  /** Waits for credit and uses up to `wanted` bytes of it. 0 means the call is over. */
  async take(wanted: number): Promise<number> {
    while (this.#available === 0 && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#closed) return 0;
    const taken = Math.min(wanted, this.#available);
    this.#available -= taken;
    return taken;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
