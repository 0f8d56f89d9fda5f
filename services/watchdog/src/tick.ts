import { DRILL_AGENT } from '@nightshift/domain';
import type { Clock, Delivery, Finding, Incident, Report, ServiceName } from '@nightshift/domain';
import type { Settings, WatchStore } from '@nightshift/domain';
import {
  ACTED,
  afterTelling,
  deadRows,
  deliveriesFor,
  evaluate,
  isUnavailable,
  NOTHING_OBSERVED,
  observe,
  parseSeen,
  reportDeliveries,
  seenSince,
  seenText,
  transition,
  unseen,
  watchdogError,
  type Moment,
  type Notice,
  type Observation,
  type Outbox,
  type Seen,
  type Sight,
  type Verdict,
} from '@nightshift/alerts';
import type { Brake } from './brake.ts';
import type { DrillWatch } from './drill-watch.ts';
import type { HaltNews, News } from './halt-news.ts';
import type { Ladder } from './ladder.ts';
import { look, type FactSource } from './sight.ts';
import type { Summaries } from './summary.ts';

export interface WatchdogOptions {
  readonly facts: FactSource;
  readonly store: WatchStore;
  readonly settings: Settings;
  /** Why the settings are not the file's; null when they are. */
  readonly settingsError: Error | null;
  readonly clock: Clock;
  readonly outbox: Pick<Outbox, 'channels' | 'findings'>;
  readonly ladder: Pick<Ladder, 'step'>;
  /** Stops what a rule about money was set to stop. */
  readonly brake?: Pick<Brake, 'step'>;
  /** Undoes what drills left behind that died. */
  readonly drills?: Pick<DrillWatch, 'step'>;
  /** Tells of a halt and of its end. */
  readonly haltNews?: Pick<HaltNews, 'due' | 'written'>;
  readonly summary?: Pick<Summaries, 'due' | 'written'>;
  /** What is wrong with the watchdog's own database; null when nothing is. */
  readonly ownTrouble?: () => Finding | null;
  /** Services that have to be up; by default those of a resident watchdog. */
  readonly expected?: readonly ServiceName[];
  /** Uptime of the machine, ms, with the time it slept. */
  readonly uptime?: () => number;
}

/** What one tick saw and wrote. */
export interface TickResult {
  readonly sight: Sight;
  readonly findings: readonly Finding[];
  readonly deliveries: readonly Delivery[];
}

/** Without a cursor: how far back news are told by a watchdog that starts for the first time. */
const DEAD_BACK_MS = 24 * 3_600_000;
const REPORTS_BACK_MS = 3_600_000;

/** Conditions that only make sense for a service that is silent; they end when it is not. */
const OF_A_SERVICE = new Set(['identity-mismatch', 'kill-failed', 'not-recovered', 'stand-down']);
const ACTED_IDS = new Set(ACTED.map((it) => it.id));

/**
 * One pass: facts -> observation -> findings -> (ladder) -> incidents and deliveries, written in
 * one transaction together with how far the news were read. Nothing is sent here; see `deliver.ts`.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #observation: Observation;
  #seen: { readonly dead: Seen; readonly reports: Seen } | null = null;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    const expected = options.expected ?? NOTHING_OBSERVED.expected;
    this.#observation = { ...NOTHING_OBSERVED, expected };
  }

  /** What was seen so far. */
  get observation(): Observation {
    return this.#observation;
  }

  /**
   * @throws NightshiftError what the watchdog's own store throws; the next tick finds it all again.
   */
  async tick(): Promise<TickResult> {
    const { clock, settings, store, facts } = this.#options;
    const seen = (this.#seen ??= await this.#recallSeen());
    const sight = await look(facts, clock, seen);
    this.#observation = observe(this.#observation, sight, this.#moment(), settings.times);
    const memory = { observation: this.#observation, deadSeen: seen.dead };
    const verdict = evaluate(sight, settings, memory);
    const live = await store.openIncidents();
    const halts = await this.#haltNews(sight);
    const findings = markDrill(sight, [
      ...verdict.findings,
      ...halts.findings,
      ...(await this.#act(sight, verdict, live)),
    ]);
    const next = transition(live, findings, judgeOf(verdict), clock);
    const news = tellNews(sight, seen, clock.now());
    const { channels } = this.#options.outbox;
    const summary = await this.#summary(sight, channels);
    const deliveries = [
      ...deliveriesFor(next.notices.filter(isWorthTelling), channels, clock),
      ...reportDeliveries(news.reports, channels, clock),
      ...summary.deliveries,
    ];
    const remember = {
      ...(news.seen === seen ? {} : seenRows(news.seen)),
      ...summary.remember,
      ...halts.remember,
    };
    if (next.changed.length > 0 || deliveries.length > 0 || Object.keys(remember).length > 0) {
      await store.apply(next.changed, deliveries, remember);
    }
    this.#options.summary?.written(summary.remember);
    this.#options.haltNews?.written(halts.remember);
    this.#seen = news.seen;
    return { sight, findings, deliveries };
  }

  /** Kills, and whatever else is found by acting. A part that fails is a finding, not the end. */
  async #act(
    sight: Sight,
    verdict: Verdict,
    live: readonly Incident[],
  ): Promise<readonly Finding[]> {
    const { ladder, outbox, settingsError, brake, drills, ownTrouble } = this.#options;
    const own = ownTrouble?.() ?? null;
    return [
      ...(settingsError === null ? [] : [configInvalid(settingsError)]),
      ...(own === null ? [] : [own]),
      ...(await guarded('brake', async () => brake?.step(verdict.findings, live) ?? [])),
      ...(await guarded('drills', async () => drills?.step(sight) ?? [])),
      ...(await guarded('ladder', () => ladder.step(sight, verdict.findings, this.#observation))),
      ...(await guarded('outbox', () => outbox.findings())),
    ];
  }

  async #haltNews(sight: Sight): Promise<News> {
    try {
      return (await this.#options.haltNews?.due(sight)) ?? { findings: [], remember: {} };
    } catch (error) {
      return { findings: [watchdogError('halt news', error)], remember: {} };
    }
  }

  /** A summary that cannot be made is tried again at the next tick, and stops nothing else. */
  async #summary(sight: Sight, channels: readonly string[]) {
    const nothing = { deliveries: [], remember: {} };
    if (isUnavailable(sight)) return nothing;
    return (await this.#options.summary?.due(sight, channels).catch(() => nothing)) ?? nothing;
  }

  #moment(): Moment {
    const { clock, uptime } = this.#options;
    const at = { monotonic: clock.monotonic(), wall: clock.now() };
    return uptime === undefined ? at : { ...at, uptime: uptime() };
  }

  async #recallSeen(): Promise<{ readonly dead: Seen; readonly reports: Seen }> {
    const { store, clock } = this.#options;
    const now = clock.now();
    return {
      dead: parseSeen(await store.recall(SEEN_DEAD)) ?? seenSince(now, DEAD_BACK_MS),
      reports: parseSeen(await store.recall(SEEN_REPORTS)) ?? seenSince(now, REPORTS_BACK_MS),
    };
  }
}

const DRILL_MARK = 'Drill: ';
const SEEN_DEAD = 'seen:dead';
const SEEN_REPORTS = 'seen:reports';

/** Trouble that a drill makes on purpose says so; what bears the reserved name says so anyway. */
function markDrill(sight: Sight, findings: readonly Finding[]): readonly Finding[] {
  if (isUnavailable(sight)) return findings;
  const isOn = sight.drills.some(
    (it) => it.name === 'out-of-band' && it.outcome === 'running' && it.expiresAt > sight.now,
  );
  if (!isOn) return findings;
  return findings.map((it) =>
    it.key.endsWith(':worker') ? { ...it, title: `${DRILL_MARK}${it.title}` } : it,
  );
}

/** A drill says once that it is one, and not also that what it made on purpose is over. */
function isWorthTelling({ kind, incident }: Notice): boolean {
  const ofDrill = incident.title.startsWith(DRILL_MARK) || incident.key.endsWith(`:${DRILL_AGENT}`);
  return kind !== 'resolved' || !ofDrill;
}

function seenRows(seen: TellNews['seen']): Record<string, string> {
  return { [SEEN_DEAD]: seenText(seen.dead), [SEEN_REPORTS]: seenText(seen.reports) };
}

/** What the ladder found holds as long as it cannot be said that its service is well. */
function judgeOf(verdict: Verdict): (rule: string, key: string) => boolean {
  return (rule, key) => {
    if (OF_A_SERVICE.has(rule)) {
      return verdict.judges('service-silent', key.replace(rule, 'service-silent'));
    }
    return ACTED_IDS.has(rule) || verdict.judges(rule, key);
  };
}

interface TellNews {
  readonly seen: { readonly dead: Seen; readonly reports: Seen };
  readonly reports: readonly Report[];
}

/** Reports to be told now, and the cursors after this tick; the same object when nothing moved. */
function tellNews(sight: Sight, seen: TellNews['seen'], now: number): TellNews {
  if (isUnavailable(sight)) return { seen, reports: [] };
  const deadPage = deadRows(sight);
  const dead = afterTelling(seen.dead, deadPage, unseen(seen.dead, deadPage), now);
  const page = sight.reports.map((it) => ({ name: it.id, at: it.createdAt, report: it }));
  const fresh = unseen(seen.reports, page);
  const reports = afterTelling(seen.reports, page, fresh, now);
  const same = dead === seen.dead && reports === seen.reports;
  return { seen: same ? seen : { dead, reports }, reports: fresh.map((it) => it.report) };
}

function configInvalid(error: Error): Finding {
  return {
    rule: 'config-invalid',
    key: 'config-invalid',
    severity: 'page',
    title: 'The configuration cannot be used',
    detail: `${error.message}. The watchdog runs on the last good one; other services may not start.`,
  };
}

async function guarded(
  part: string,
  act: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await act();
  } catch (error) {
    return [watchdogError(part, error)];
  }
}
