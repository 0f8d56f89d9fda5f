/** A sleep that something can end. */
export interface Sleeper {
  /** Sleeps `ms`, or until `wake()`. A `wake()` since the last sleep makes it return at once. */
  sleep(ms: number): Promise<void>;
  wake(): void;
}

/** Sleeps on the timers of this process. */
export function timerSleeper(): Sleeper {
  let pending = false;
  let end: (() => void) | null = null;
  return {
    sleep(ms) {
      if (pending || ms <= 0) {
        pending = false;
        // Even a loop that has always something to do lets timers, sockets and signals through.
        return new Promise((resolve) => setImmediate(resolve));
      }
      return new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          end = null;
          pending = false;
          resolve();
        };
        const timer = setTimeout(finish, ms);
        end = finish;
      });
    },
    wake() {
      pending = true;
      end?.();
    },
  };
}
