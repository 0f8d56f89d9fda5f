import type { Readable } from 'node:stream';

/**
 * Calls `cut` when whoever holds the other end of this pipe is gone, however it died: a supervisor
 * that is killed cannot send a signal any more, but the system closes its pipes.
 *
 * @param pipe standard input of a service that was started with `--lifeline`.
 * @returns a function that stops listening.
 */
export function onLifelineCut(pipe: Readable & { unref?(): unknown }, cut: () => void): () => void {
  pipe.once('close', cut);
  pipe.once('error', cut);
  // Nothing is ever sent; only a stream that flows notices its end.
  pipe.resume();
  pipe.unref?.();
  return () => {
    pipe.off('close', cut);
    pipe.off('error', cut);
  };
}
