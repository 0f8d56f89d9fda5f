import { EXIT, NightshiftError, errorFacts } from '@nightshift/domain';
import { type Sleeper, stopFile, timerSleeper } from '@nightshift/lifecycle';
import { type InFlight, inFlight } from './in-flight.ts';
import type { Installation } from './installation.ts';

/** Between two looks at what is still in flight, ms. */
const LOOK_MS = 200;
/** The drain time where the configuration cannot be read. */
const DRAIN_FALLBACK_MS = 20_000;

export interface HaltRequest {
  readonly reason: string;
  /** Does not wait for what is in flight; the worker ends it within the drain time all the same. */
  readonly now: boolean;
  /** Called with what is still in flight, at each look. */
  readonly onWaiting?: (left: InFlight, leftMs: number) => void;
  readonly sleeper?: Sleeper;
}

export interface HaltResult {
  readonly file: string | null;
  readonly row: boolean;
  /** What could not be written, and why. Empty when both were. */
  readonly failed: readonly { readonly what: 'file' | 'row'; readonly message: string }[];
  /** What is in flight at the end; null when the database cannot be read. */
  readonly inFlight: InFlight | null;
}

/**
 * Stops everything. The file first, because it needs no database; then the row. Either is enough.
 * Then waits until nothing is in flight, at most the drain time.
 *
 * @throws NightshiftError `halt-failed` (1) only when neither could be written.
 */
export async function halt(installation: Installation, request: HaltRequest): Promise<HaltResult> {
  const file = writeFile(installation, request.reason);
  const row = await writeRow(installation, request.reason);
  const failed = [
    ...(file === null ? [] : [{ what: 'file' as const, message: file }]),
    ...(row === null ? [] : [{ what: 'row' as const, message: row }]),
  ];
  if (file !== null && row !== null) throw neither(installation, file, row);
  const left = request.now ? await look(installation) : await drain(installation, request);
  return {
    file: file === null ? installation.paths.stopFile : null,
    row: row === null,
    failed,
    inFlight: left,
  };
}

/** @returns why it failed, or null. */
function writeFile(installation: Installation, reason: string): string | null {
  const { clock, actor, paths } = installation;
  try {
    stopFile(paths.stopFile).write({ reason, who: `${actor.kind}:${actor.name}`, at: clock.now() });
    return null;
  } catch (error) {
    return errorFacts(error).message;
  }
}

async function writeRow(installation: Installation, reason: string): Promise<string | null> {
  try {
    await (await installation.store()).control.halt(reason, installation.actor);
    return null;
  } catch (error) {
    return errorFacts(error).message;
  }
}

async function drain(installation: Installation, request: HaltRequest): Promise<InFlight | null> {
  const { clock } = installation;
  const sleeper = request.sleeper ?? timerSleeper();
  const until = clock.monotonic() + (await drainMs(installation));
  for (;;) {
    const left = await look(installation);
    const leftMs = until - clock.monotonic();
    if (left === null || left.jobs.length + left.calls === 0 || leftMs <= 0) return left;
    request.onWaiting?.(left, leftMs);
    await sleeper.sleep(Math.min(LOOK_MS, leftMs));
  }
}

async function look(installation: Installation): Promise<InFlight | null> {
  try {
    return await inFlight(await installation.store());
  } catch {
    return null;
  }
}

async function drainMs(installation: Installation): Promise<number> {
  try {
    return (await installation.settings()).times.drainMs;
  } catch {
    return DRAIN_FALLBACK_MS;
  }
}

function neither(installation: Installation, file: string, row: string): NightshiftError {
  const message = `nothing could be written: the STOP file (${file}), the database (${row})`;
  return new NightshiftError('halt-failed', message, {
    at: installation.paths.dir,
    fix: 'stop the services themselves: systemctl stop nightshift.target, or end their processes',
    exitCode: EXIT.failed,
  });
}
