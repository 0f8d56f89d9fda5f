import { toError, type Clock, type ControlStore } from '@nightshift/domain';
import type { Log } from './logger.ts';
import type { StopFile } from './stop-file.ts';

/** How old a look may get, ms: a halt is seen within a second. */
export const HALT_LOOK_MS = 950;
/** A loop that is awake anyway looks again from this age on, ms: one getting up less. */
const AGAIN_AFTER_MS = 600;

/** Is this installation halted? The row or the STOP file says so. */
export interface HaltWatch {
  /** As of the last look. True until the first look has succeeded. */
  readonly halted: boolean;
  /** For people; null when not halted. */
  readonly reason: string | null;
  /** Looks now. Never rejects: a row that cannot be read keeps its last known answer. */
  look(): Promise<boolean>;
  /** Looks if the last look has aged enough. */
  lookIfDue(): Promise<boolean>;
  /** Milliseconds until the last look is {@link HALT_LOOK_MS} old. */
  dueInMs(): number;
}

export interface HaltWatchOptions {
  readonly stopFile: StopFile;
  /** Null while there is no store. */
  readonly control: () => Promise<ControlStore | null>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Watches row and file. */
export function haltWatch(options: HaltWatchOptions): HaltWatch {
  const { stopFile, control, clock, log } = options;
  let row: { halted: boolean; reason: string | null } | null = null;
  let file = true;
  let readable = true;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const readRow = async (): Promise<void> => {
    try {
      row = (await (await control())?.read()) ?? row;
      readable = true;
    } catch (error) {
      if (readable)
        log.warn('halt-unread', 'the halt row cannot be read', { error: toError(error) });
      readable = false;
    }
  };
  const watch: HaltWatch = {
    get halted() {
      return file || (row?.halted ?? true);
    },
    get reason() {
      if (file) return stopFile.read()?.reason ?? 'STOP file';
      if (row === null) return 'the halt row has not been read yet';
      return row.halted ? (row.reason ?? 'halted') : null;
    },
    async look() {
      file = stopFile.isStopped();
      // The file needs no database, and says all there is to know.
      if (!file) await readRow();
      lookedAt = clock.monotonic();
      return watch.halted;
    },
    lookIfDue: async () =>
      clock.monotonic() - lookedAt >= AGAIN_AFTER_MS ? watch.look() : watch.halted,
    dueInMs: () => Math.max(0, lookedAt + HALT_LOOK_MS - clock.monotonic()),
  };
  return watch;
}
