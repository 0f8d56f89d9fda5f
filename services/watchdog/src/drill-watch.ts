import type { DrillRun, DrillStore, Finding } from '@nightshift/domain';
import { isUnavailable, type Sight } from '@nightshift/alerts';

export interface DrillWatchOptions {
  /** Null while the shared database cannot be opened. */
  readonly drills: () => Promise<Pick<DrillStore, 'end'> | null>;
  /** Undoes what a drill of this name may have changed. Undoing what was never done does nothing. */
  readonly undo: (run: DrillRun) => Promise<readonly string[]>;
}

/** Drills that began and did not end within their time: undone, ended, told. */
export class DrillWatch {
  readonly #options: DrillWatchOptions;

  constructor(options: DrillWatchOptions) {
    this.#options = options;
  }

  /** @throws what undoing throws; the next tick tries again. */
  async step(sight: Sight): Promise<readonly Finding[]> {
    if (isUnavailable(sight)) return [];
    const expired = sight.drills.filter(
      (it) => it.outcome === 'running' && it.expiresAt <= sight.now,
    );
    const out: Finding[] = [];
    for (const run of expired) {
      const undone = await this.#options.undo(run);
      const ended = await (await this.#options.drills())?.end(run.id, 'abandoned');
      if (ended === true) out.push(abandoned(run, undone));
    }
    return out;
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
