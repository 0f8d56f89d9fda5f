/** Signals that ask a service to end. SIGHUP is left alone: a closed terminal ends the process. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Where signals arrive: `process`, or an emitter in a test. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

/**
 * Listens for the signals that ask for the end. The first one calls `stop`, which should only set a
 * flag for the loop; the second calls `exitNow`, whatever the loop is doing.
 *
 * @returns a function that stops listening.
 */
export function onStopSignals(
  handlers: { stop(signal: NodeJS.Signals): void; exitNow(signal: NodeJS.Signals): void },
  source: SignalSource = process,
): () => void {
  let seen = 0;
  const listeners = STOP_SIGNALS.map((signal) => {
    const listener = (): void => {
      seen++;
      if (seen === 1) handlers.stop(signal);
      else handlers.exitNow(signal);
    };
    source.on(signal, listener);
    return () => source.off(signal, listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
}
