import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/*
 * What a run left behind, as the referee reads it: copies of the two databases, the bill of the
 * provider, the messages that arrived, and what the run did to the services. Column by column and
 * without a line of the product: a mistake that both would make would not be seen.
 */

export interface Facts {
  readonly timezone: string;
  readonly agents: readonly {
    readonly name: string;
    readonly cron?: string;
    readonly every?: string;
  }[];
  /** Every set of caps that was ever configured, in dollars. */
  readonly caps: readonly Readonly<Record<string, number>>[];
  readonly times: Readonly<Record<string, string>>;
  /** Models that may be asked for. */
  readonly models: readonly string[];
  /**
   * By how much the clock of the run may be ahead of a process that is not stuck, and how much of
   * it the longest boot takes, ms: the kernel gives a process its turn when it has one, and a clock
   * that goes faster than the machine's makes more of that wait than it was. Nothing in real time.
   */
  readonly aheadMs?: number;
  readonly bootMs?: number;
}

export interface Entry {
  readonly at: number;
  readonly mono: number;
  readonly kind: string;
  readonly service?: string;
  readonly pid?: number;
  readonly signal?: string;
  readonly key?: string;
  readonly job?: string | null;
  readonly verb?: string;
  readonly id?: string;
  readonly code?: number | null;
  readonly byMs?: number;
}

export interface BillRow {
  readonly id: string;
  readonly at: number;
  readonly model: string;
  readonly costNusd: number;
  readonly completed: boolean;
  readonly requestBody: { readonly messages?: readonly { readonly content: string }[] };
}

export interface Bill {
  readonly calls: number;
  readonly totalNusd: number;
  readonly rows: readonly BillRow[];
}

export interface Job {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
  readonly state: string;
  readonly run_after: number;
  readonly wait_reason: string | null;
  readonly slot: number | null;
  readonly finished_at: number | null;
}

export interface Attempt {
  readonly job: string;
  readonly n: number;
  readonly instance: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly outcome: string | null;
}

export interface Slot {
  readonly agent: string;
  readonly scheduled_for: number;
  readonly status: string;
  readonly reason: string | null;
  readonly count: number;
  readonly range_from: number | null;
  readonly job: string | null;
}

export interface Window {
  readonly id: number;
  readonly scope: string;
  readonly window: string;
  readonly key: string;
  readonly settled_nusd: number;
  readonly held_nusd: number;
  readonly presumed_nusd: number;
  readonly raised_nusd: number;
}

export interface Spend {
  /** In the order of insertion. */
  readonly n: number;
  readonly id: string;
  readonly windows: string;
  readonly job: string;
  readonly attempt: number;
  readonly agent: string;
  readonly instance: string;
  readonly step: string;
  readonly ordinal: number;
  readonly model: string;
  readonly request_hash: string;
  readonly day: string;
  readonly bound_nusd: number;
  readonly actual_nusd: number | null;
  readonly state: string;
  readonly status: number | null;
  readonly taken_at: number;
}

export interface Event {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly ref: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Incident {
  readonly id: string;
  readonly key: string;
  readonly rule: string;
  readonly state: string;
  readonly detail: string;
  readonly first_seen_at: number;
  readonly opened_at: number | null;
}

export interface Delivery {
  readonly id: string;
  readonly incident: string;
  readonly channel: string;
  readonly kind: string;
  readonly state: string;
  readonly receipt: string | null;
  readonly last_error: string | null;
  readonly message: string;
}

export interface Kill {
  readonly service: string;
  readonly pid: number;
  readonly state: string;
  readonly intended_at: number;
  /** When it was first signalled, whatever came of it. */
  readonly term_at: number | null;
}

export interface Draft {
  readonly id: string;
  readonly args: string;
  readonly state: string;
  readonly happened: string | null;
}

export interface Evidence {
  readonly facts: Facts;
  readonly timeline: readonly Entry[];
  readonly bill: Bill;
  /** Ids and texts of messages, by channel. */
  readonly messages: Readonly<Record<string, ReadonlyMap<string, string>>>;
  /** Requests that reached the host nobody may reach. */
  readonly denied: number;
  /** Lines that the one action wrote. */
  readonly notes: readonly string[];
  readonly jobs: readonly Job[];
  readonly keys: readonly {
    readonly key: string;
    readonly job: string;
    pruned_at: number | null;
  }[];
  readonly attempts: readonly Attempt[];
  readonly steps: readonly { readonly job: string; readonly name: string }[];
  readonly calls: readonly {
    readonly job: string;
    readonly step: string;
    readonly ordinal: number;
    readonly request_hash: string;
    readonly spend: string;
  }[];
  readonly schedules: readonly { readonly agent: string; readonly cursor_at: number }[];
  readonly slots: readonly Slot[];
  readonly windows: readonly Window[];
  readonly spend: readonly Spend[];
  readonly events: readonly Event[];
  readonly drafts: readonly Draft[];
  readonly incidents: readonly Incident[];
  readonly deliveries: readonly Delivery[];
  readonly kills: readonly Kill[];
}

/** Reads a folder of evidence. */
export function readEvidence(dir: string): Evidence {
  const at = (name: string): string => path.join(dir, name);
  const json = (name: string): unknown => JSON.parse(readFileSync(at(name), 'utf8'));
  const lines = (name: string): string[] =>
    existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').filter(Boolean) : [];
  const ids = (name: string, text: string): Map<string, string> => {
    const all = json(name) as readonly Record<string, unknown>[];
    return new Map(all.map((it) => [String(it['id']), JSON.stringify(it[text] ?? it)]));
  };
  return {
    facts: json('facts.json') as Facts,
    timeline: lines('timeline.jsonl').map((line) => JSON.parse(line) as Entry),
    bill: json('bill.json') as Bill,
    messages: { ntfy: ids('ntfy.json', 'message'), discord: ids('discord.json', 'embeds') },
    denied: (json('denied.json') as readonly unknown[]).length,
    notes: lines('notes.txt'),
    ...readMain(at('nightshift.db')),
    ...readWatch(at('watchdog.db')),
  };
}

function reader(file: string) {
  const db = new DatabaseSync(file, { readOnly: true });
  return {
    all: <T>(sql: string): T[] => db.prepare(sql).all() as T[],
    close: () => db.close(),
  };
}

function readMain(file: string) {
  const { all, close } = reader(file);
  const main = {
    jobs: all<Job>('SELECT * FROM jobs ORDER BY id'),
    keys: all<Evidence['keys'][number]>('SELECT * FROM job_keys'),
    attempts: all<Attempt>('SELECT * FROM attempts ORDER BY job, n'),
    steps: all<Evidence['steps'][number]>('SELECT job, name FROM steps'),
    calls: all<Evidence['calls'][number]>(
      'SELECT job, step, ordinal, request_hash, spend FROM calls',
    ),
    schedules: all<Evidence['schedules'][number]>('SELECT agent, cursor_at FROM schedules'),
    slots: all<Slot>('SELECT * FROM slots ORDER BY agent, scheduled_for'),
    windows: all<Window>('SELECT * FROM budget_windows'),
    spend: all<Spend>('SELECT rowid AS n, * FROM spend ORDER BY rowid'),
    drafts: all<Draft>('SELECT id, args, state, happened FROM drafts'),
    events: all<Omit<Event, 'data'> & { data: string }>('SELECT * FROM events ORDER BY id').map(
      (it) => ({ ...it, data: JSON.parse(it.data) as Record<string, unknown> }),
    ),
  };
  close();
  return main;
}

function readWatch(file: string) {
  const { all, close } = reader(file);
  const watch = {
    incidents: all<Incident>('SELECT * FROM incidents ORDER BY first_seen_at'),
    deliveries: all<Delivery>('SELECT * FROM deliveries ORDER BY created_at'),
    kills: all<Kill>('SELECT * FROM kills ORDER BY intended_at'),
  };
  close();
  return watch;
}
