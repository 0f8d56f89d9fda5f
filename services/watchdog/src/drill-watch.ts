import type { DrillRun, DrillStore, Finding, ProcessRef } from '@nightshift/domain';
import { isUnavailable, type Sight } from '@nightshift/alerts';

export interface DrillWatchOptions {
  /** Null while the shared database cannot be opened. */
  readonly drills: () => Promise<Pick<DrillStore, 'end'> | null>;
  /** Undoes what a drill of this name may have changed. Undoing what was never done does nothing. */
  readonly undo: (run: DrillRun) => Promise<readonly string[]>;
  /** True only for a process that is proven to have ended. */
  readonly hasEnded: (process: ProcessRef) => boolean;
}

/**
 * Drills that began and will not end by themselves: their process is gone, or their time is over.
 * Undone, ended, told.
 */
export class DrillWatch {
  readonly #options: DrillWatchOptions;

  constructor(options: DrillWatchOptions) {
    this.#options = options;
  }

  /** @throws what undoing throws; the next tick tries again. */
  async step(sight: Sight): Promise<readonly Finding[]> {
    if (isUnavailable(sight)) return [];
    const died = sight.drills.filter(
      (it) => it.outcome === 'running' && (it.expiresAt <= sight.now || this.#isGone(it)),
    );
    const out: Finding[] = [];
    for (const run of died) {
      const undone = await this.#options.undo(run);
      const ended = await (await this.#options.drills())?.end(run.id, 'abandoned');
      if (ended === true) out.push(abandoned(run, undone));
    }
    return out;
  }

  #isGone({ process }: DrillRun): boolean {
    // A row of an older version does not say who ran it.
    return (process ?? null) !== null && this.#options.hasEnded(process!);
  }
}

function abandoned(run: DrillRun, undone: readonly string[]): Finding {
  const what = undone.length === 0 ? 'It had left nothing behind' : `Undone: ${undone.join(', ')}`;
  return {
    rule: 'drill-abandoned',
    key: `drill-abandoned:${run.id}`,
    severity: 'warn',
    title: `The drill ${run.name} died`,
    detail: `It was begun by ${run.by} and did not end within its time. ${what}.`,
    once: true,
  };
}
