interface Waiter {
  readonly what: string;
  readonly ready: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Lets tests wait for a condition by events: whoever changes state says so, nobody polls. */
export class Watch {
  readonly #waiters = new Set<Waiter>();
  #ended = false;

  /** To be called after each change of what a waiter may look at. */
  changed(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.ready()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves once `ready()` holds; rejects, naming `what`, if the server closes before. */
  async until(what: string, ready: () => boolean): Promise<void> {
    if (ready()) return;
    if (this.#ended) throw new Error(`the server closed before: ${what}`);
    await new Promise<void>((resolve, reject) => {
      this.#waiters.add({ what, ready, resolve, reject });
    });
  }

  /** Rejects everybody who still waits. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters) {
      waiter.reject(new Error(`the server closed before: ${waiter.what}`));
    }
    this.#waiters.clear();
  }
}
