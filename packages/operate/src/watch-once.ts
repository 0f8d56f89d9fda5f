import type { Installation } from './installation.ts';
import { migrateDatabases } from './migrate.ts';
import { startService } from './service-process.ts';

export interface WatchOnceRequest {
  readonly cwd: string;
  /** Aborted to end early: the watchdog sends what it has begun to send. */
  readonly signal?: AbortSignal;
  /** A line the watchdog wrote to stderr. */
  readonly onSaid?: (text: string) => void;
}

/**
 * One pass of the watchdog: rules, the ladder against a bounded run that hangs, deliveries, the
 * check URL. For the shape in which cron starts everything and nothing is resident.
 *
 * @returns the watchdog's exit code: 0, 75 when another one is on duty, 78 for a configuration
 * that was never right.
 */
export async function watchOnce(
  installation: Installation,
  request: WatchOnceRequest,
): Promise<number> {
  await migrateDatabases(installation);
  const { configFile, paths, environment } = installation;
  const target = { configFile, paths, environment, cwd: request.cwd };
  const child = startService('watchdog', target, ['--once']);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => request.onSaid?.(text));
  const stop = (): void => void child.kill('SIGTERM');
  request.signal?.addEventListener('abort', stop, { once: true });
  const ended = Promise.withResolvers<number>();
  child.once('close', (code) => ended.resolve(code ?? 1));
  child.once('error', ended.reject);
  return ended.promise.finally(() => request.signal?.removeEventListener('abort', stop));
}
