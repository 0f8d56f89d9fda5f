import { resolve as resolvePath } from 'node:path';
import type { z } from 'zod';
import type { AgentSettings, AllowSettings, CatchUp } from '@nightshift/domain';
import { WrongValue } from './mistakes.ts';
import { host } from './places.ts';
import { schedule } from './schedule.ts';
import { closed, leaf, list, oneOf } from './schema.ts';
import { didYouMean } from './did-you-mean.ts';
import { count, duration, json, kindOf, money, number, string } from './values.ts';

/** What the rest of the configuration says about an agent. */
export interface AgentSurroundings {
  /** Paths are relative to it. */
  readonly dir: string;
  readonly timezone: string;
  /** Names of the models there are. */
  readonly aliases: readonly string[];
  /** Names of the actions there are. */
  readonly actions: readonly string[];
  readonly checkCron?: ((expression: string, timezone: string) => string | null) | undefined;
  readonly checkEntry?: ((entry: string) => string | null) | undefined;
}

/** Agent names are also names of queues, budget scopes and folders. */
export const AGENT_NAME = /^[a-z][a-z0-9-]{0,62}$/;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Slots that `catchUp: 'all'` brings back at most. */
const CATCH_UP_MAX = 100;

/** Caps of a budget in the order in which they are asked. */
export const budgetSchema = closed(
  {
    perCall: leaf(money).optional(),
    perJob: leaf(money).optional(),
    perHour: leaf(money).optional(),
    perDay: leaf(money).optional(),
    perMonth: leaf(money).optional(),
  },
  'caps such as { perDay: "$1.00" }',
);
export type BudgetCaps = z.output<typeof budgetSchema>;

/**
 * The schema of one agent. The name is added and defaults are filled in by {@link agentSettings}.
 */
export function agentSchema(around: AgentSurroundings) {
  const cron = (value: unknown): string => checkedSchedule(value, around);
  return closed({
    entry: leaf((value) => checkedEntry(value, around)),
    schedule: leaf(cron).optional(),
    every: leaf(duration('1s', '366d')).optional(),
    catchUp: leaf(catchUp).optional(),
    input: leaf(json).optional(),
    allow: allowSchema(around).optional(),
    budget: budgetSchema.optional(),
    attempts: leaf(count(1, 100)).optional(),
    timeout: leaf(duration('1s', '24h')).optional(),
    overlap: oneOf(['skip', 'queue']).optional(),
    concurrency: leaf(count(1, 64)).optional(),
    memoryMb: leaf(count(64, 65_536)).optional(),
    value: closed({
      hoursSaved: leaf(number(0, 1_000)),
      hourlyRate: leaf(money),
    }).optional(),
  }).check((ctx) => {
    if (ctx.value.schedule === undefined || ctx.value.every === undefined) return;
    const message = 'is set beside a schedule: keep one of the two';
    ctx.issues.push({ code: 'custom', input: ctx.value, path: ['every'], message });
  });
}

type AgentEntry = z.output<ReturnType<typeof agentSchema>>;

/** One agent with every default filled in and every path absolute. */
export function agentSettings(
  name: string,
  entry: AgentEntry,
  around: AgentSurroundings,
): AgentSettings {
  return {
    name,
    entry: entry.entry,
    schedule: scheduleOf(entry),
    catchUp: entry.catchUp ?? { kind: 'latest' },
    input: entry.input ?? {},
    allow: allowSettings(entry.allow ?? {}, around),
    attempts: entry.attempts ?? 3,
    timeoutMs: entry.timeout ?? 10 * 60_000,
    overlap: entry.overlap ?? 'skip',
    concurrency: entry.concurrency ?? 1,
    memoryMb: entry.memoryMb ?? 256,
    value:
      entry.value === undefined
        ? null
        : { hoursSaved: entry.value.hoursSaved, hourlyRateNusd: entry.value.hourlyRate },
  };
}

function scheduleOf(entry: AgentEntry): AgentSettings['schedule'] {
  if (entry.schedule !== undefined) return { kind: 'cron', cron: entry.schedule };
  return entry.every === undefined ? null : { kind: 'every', everyMs: entry.every };
}

function checkedEntry(value: unknown, around: AgentSurroundings): string {
  const entry = string(value, 'a file such as "./agents/digest.ts", or a package');
  const wrong = around.checkEntry?.(entry) ?? null;
  if (wrong !== null) throw new WrongValue(wrong);
  return entry;
}

/** Five cron fields that the one who knows the dialect takes. @throws WrongValue */
export function checkedSchedule(
  value: unknown,
  around: Pick<AgentSurroundings, 'timezone' | 'checkCron'>,
): string {
  const cron = schedule(value);
  const wrong = around.checkCron?.(cron, around.timezone) ?? null;
  if (wrong !== null) throw new WrongValue(`${JSON.stringify(cron)} is not a schedule: ${wrong}`);
  return cron;
}

function catchUp(value: unknown): CatchUp {
  if (value === 'skip' || value === 'latest') return { kind: value };
  if (value === 'all') return { kind: 'all', max: CATCH_UP_MAX };
  if (typeof value === 'object' && value !== null && Object.keys(value).join() === 'all') {
    return { kind: 'all', max: count(1, 10_000)((value as { all: unknown }).all) };
  }
  const is = typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
  throw new WrongValue(`is ${is}, not "skip", "latest", "all" or { all: 20 }`);
}

function allowSchema(around: AgentSurroundings) {
  const path = leaf((value) => string(value, 'a path'));
  return closed({
    hosts: list(leaf(host)).optional(),
    methods: list(oneOf(METHODS)).optional(),
    read: list(path).optional(),
    git: list(path).optional(),
    models: list(leaf((value) => known('model', value, around.aliases))).optional(),
    actions: list(leaf((value) => known('action', value, around.actions))).optional(),
  });
}

/** A name that the configuration gives to one of its models or actions. */
function known(what: 'model' | 'action', value: unknown, names: readonly string[]): string {
  const name = string(value, `a name of ${what}s`);
  if (names.includes(name)) return name;
  const meant = didYouMean(name, names);
  const there = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  const hint = meant === null ? there : `did you mean "${meant}"?`;
  throw new WrongValue(`there is no ${what} ${JSON.stringify(name)}; ${hint}`);
}

function allowSettings(
  allow: NonNullable<AgentEntry['allow']>,
  around: AgentSurroundings,
): AllowSettings {
  const absolute = (path: string): string => resolvePath(around.dir, path);
  const models = around.aliases.includes('default') ? ['default'] : [];
  return {
    hosts: unique(allow.hosts ?? []),
    methods: unique(allow.methods ?? ['GET', 'HEAD']),
    read: unique((allow.read ?? []).map(absolute)),
    git: unique((allow.git ?? []).map(absolute)),
    models: unique(allow.models ?? models),
    actions: unique(allow.actions ?? []),
  };
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
