/**
 * One life for everything that runs. `stop()` may be called before `start()`, twice, at once from
 * many places, and while it starts; it always resolves once nothing runs any more.
 */
export interface StartStop {
  /** Starts it. A second call, or one after `stop()`, does nothing: a life is lived once. */
  start(): void;
  /** Resolves when the body has returned; rejects with what it threw. */
  readonly done: Promise<void>;
  /** Asks the body to end and waits for it. Never rejects: `done` carries the failure. */
  stop(): Promise<void>;
  readonly state: 'new' | 'running' | 'stopped';
}

/** A life whose body runs until its signal aborts, or it is done. */
export function startStop(body: (signal: AbortSignal) => Promise<void>): StartStop {
  const abort = new AbortController();
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  // Whoever cares listens to `done`; nobody listening is no unhandled rejection.
  done.catch(() => undefined);
  let state: StartStop['state'] = 'new';
  let running: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      await body(abort.signal);
      resolve();
    } catch (error) {
      reject(error);
    } finally {
      state = 'stopped';
    }
  };
  return {
    done,
    get state() {
      return state;
    },
    start() {
      if (state !== 'new') return;
      state = 'running';
      running = run();
    },
    async stop() {
      if (state === 'new') {
        state = 'stopped';
        resolve();
      }
      abort.abort();
      await running;
    },
  };
}
