import type { Clock, Settings, WatchStore } from '@nightshift/domain';
import type { Log, Registered } from '@nightshift/lifecycle';

/** Of which day (UTC, as the log is cut) it was said last, as `2026-11-22`. */
const LAST_DAY = 'unheard:day';

/** Why trouble may reach nobody, or null. Pure. `stateDir` is the one this process works on. */
export function whyUnheard(
  { alerts }: Pick<Settings, 'alerts'>,
  registered: Registered | null,
  stateDir: string,
): string | null {
  if (alerts.channels.length === 0) return 'there is no channel';
  if (registered?.withoutAlerts !== true || registered.stateDir !== stateDir) return null;
  return 'it was installed with --without-alerts';
}

export interface UnheardOptions {
  /** What {@link whyUnheard} says. */
  readonly unheard: string | null;
  readonly store: Pick<WatchStore, 'remember' | 'recall'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
}

/** Where nobody is told, the log of each day says so: there is nothing else that could. */
export class Unheard {
  readonly #options: UnheardOptions;
  #last: string | null = null;

  constructor(options: UnheardOptions) {
    this.#options = options;
  }

  /** Once a day, also where each pass is a process of its own. */
  async tick(): Promise<void> {
    const { unheard, store, clock, log } = this.#options;
    if (unheard === null) return;
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    if (this.#last === today) return;
    this.#last = today;
    if ((await store.recall(LAST_DAY)) === today) return;
    await store.remember(LAST_DAY, today);
    log.warn('unheard', `trouble may reach nobody: ${unheard}`);
  }
}
