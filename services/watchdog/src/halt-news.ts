import { drillReason, type ControlStore, type DrillRun, type Finding } from '@nightshift/domain';
import type { WatchStore } from '@nightshift/domain';
import { isUnavailable, type Sight } from '@nightshift/alerts';
import type { StopFile } from '@nightshift/lifecycle';

/** Under this name the watchdog remembers which halt was told; empty when none is in force. */
export const HALT_TOLD = 'halt:told';
/** Who is known to have halted here tells why by itself, with the amounts. */
const BRAKE = 'service:watchdog';

export interface HaltNewsOptions {
  readonly store: Pick<WatchStore, 'recall'>;
  readonly stopFile: Pick<StopFile, 'isStopped' | 'read'>;
  /** Null while the shared database cannot be opened. */
  readonly control: () => Promise<Pick<ControlStore, 'lastResume'> | null>;
}

/** What to tell, and what to remember with it in the same transaction. */
export interface News {
  readonly findings: readonly Finding[];
  readonly remember: Readonly<Record<string, string>>;
}

/** Who halted, why and when (epoch ms); null where that is not known, as of a file made by hand. */
interface Order {
  readonly who: string | null;
  readonly reason: string | null;
  readonly at: number | null;
  /** The drill whose halt it is. */
  readonly drill: DrillRun['name'] | null;
}

/**
 * Tells that everything was halted, and that it goes on, with who, when and why. Once each, over
 * any number of restarts; also while the database cannot be read, because the STOP file can. Of a
 * drill's halts only the one that drills nothing else is told, marked, and not its end.
 */
export class HaltNews {
  readonly #options: HaltNewsOptions;
  #told: string | null = null;

  constructor(options: HaltNewsOptions) {
    this.#options = options;
  }

  async due(sight: Sight): Promise<News> {
    const told = (this.#told ??= (await this.#options.store.recall(HALT_TOLD)) ?? '');
    const order = this.#order(sight);
    if (order === undefined) return NOTHING;
    if (order === null) return told === '' ? NOTHING : this.#resumed(JSON.parse(told) as Order);
    if (told !== '' && isSame(JSON.parse(told) as Order, order)) return NOTHING;
    return { findings: halted(order), remember: { [HALT_TOLD]: JSON.stringify(order) } };
  }

  /** What {@link due} gave is written. */
  written(remember: Readonly<Record<string, string>>): void {
    this.#told = remember[HALT_TOLD] ?? this.#told;
  }

  /** The halt in force; null when there is none, undefined when that cannot be known. */
  #order(sight: Sight): Order | null | undefined {
    const { stopFile } = this.#options;
    const note = stopFile.isStopped() ? (stopFile.read() ?? UNKNOWN) : null;
    if (isUnavailable(sight)) return note === null ? undefined : orderOf(note, []);
    const row = sight.halt.halted ? orderOf(sight.halt, sight.drills) : null;
    const file = note === null ? null : orderOf(note, sight.drills);
    // The first halt stands in the row; a person who halts during a drill stands in the file.
    return row === null || (row.drill !== null && file !== null) ? file : row;
  }

  async #resumed(before: Order): Promise<News> {
    const remember = { [HALT_TOLD]: '' };
    if (before.drill !== null) return { findings: [], remember };
    const control = await this.#options.control();
    const last = (await control?.lastResume()) ?? null;
    const known = last !== null && last.at >= (before.at ?? 0);
    const by = known ? `By ${last.who}, ${time(last.at)}.` : 'The STOP file was removed by hand.';
    const finding: Finding = {
      rule: 'resumed',
      key: 'resumed',
      severity: 'info',
      title: 'Resumed: work goes on',
      detail: `${by} It had been halted ${sentence(before)}`,
      once: true,
    };
    return { findings: [finding], remember };
  }
}

const NOTHING: News = { findings: [], remember: {} };
const UNKNOWN = { who: null, reason: null, at: null };

function orderOf({ who, reason, at }: Omit<Order, 'drill'>, drills: readonly DrillRun[]): Order {
  const drill = drills.find((it) => reason === drillReason(it.id))?.name ?? null;
  return { who, reason, at, drill };
}

/** File and row of one order differ by the milliseconds between them. */
function isSame(a: Order, b: Order): boolean {
  return a.who === b.who && a.reason === b.reason;
}

function halted(order: Order): readonly Finding[] {
  // Out-of-band tells that the worker is silent: one message of each drill is enough.
  if (order.drill === 'out-of-band' || order.who === BRAKE) return [];
  const isDrill = order.drill !== null;
  return [
    {
      rule: 'halted',
      key: 'halted',
      severity: isDrill ? 'info' : 'warn',
      title: isDrill ? 'Drill: everything is halted for a moment' : 'Halted: nothing runs',
      detail: isDrill
        ? 'The kill switch is tried. It is over within seconds, without another message.'
        : `Halted ${sentence(order)} No call leaves and no job starts until "nightshift resume".`,
      once: true,
    },
  ];
}

function sentence({ who, reason, at }: Order): string {
  const by = who === null ? 'by somebody who made a STOP file' : `by ${who}`;
  const since = at === null ? '' : `, ${time(at)}`;
  return `${by}${since}: ${reason ?? 'no reason was given'}.`;
}

function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
