import { createHash } from 'node:crypto';
import { DRILL_AGENT, NightshiftError, toError } from '@nightshift/domain';
import type { AgentSettings, Budget, BudgetScope, Settings, WindowKind } from '@nightshift/domain';
import { readActions } from './actions-schema.ts';
import { AGENT_NAME, agentSchema, agentSettings, checkedSchedule } from './agent-schema.ts';
import { budgetSchema, type AgentSurroundings, type BudgetCaps } from './agent-schema.ts';
import { readAlerts } from './alerts-schema.ts';
import { connect, type Connected } from './endpoints.ts';
import { mistakes, type Mistakes } from './mistakes.ts';
import { modelSchema, type ModelEntry } from './model-schema.ts';
import { retentionOf, retentionSchema } from './retention-schema.ts';
import { check, closed, entriesOf, leaf, oneOf, unknownKey } from './schema.ts';
import type { ResolveSecret } from './secret.ts';
import { timesOf, timesSchema } from './times-schema.ts';
import { count, duration, kindOf, timezone } from './values.ts';

export interface ParseOptions {
  /** The file it came from; null for the built-in default. */
  readonly file: string | null;
  /** Paths in it are relative to this folder, which is absolute. */
  readonly dir: string;
  /** Modification time of the file, ms; the newest configuration's caps are the caps. */
  readonly version: number;
  /** Given: a secret for which it returns null is a mistake too. */
  readonly resolve?: ResolveSecret;
  /** Checks a cron expression beyond its shape; null when it is fine. */
  readonly checkCron?: (expression: string, timezone: string) => string | null;
  /** Looks for an agent's entry; null when it is there. */
  readonly checkEntry?: (entry: string) => string | null;
}

const KEYS = [
  'timezone',
  'budget',
  'models',
  'actions',
  'alerts',
  'agents',
  'times',
  'concurrency',
  'sandbox',
  'maxWait',
  'retention',
  'drills',
] as const;
type Raw = { readonly [K in (typeof KEYS)[number]]?: unknown };

/**
 * Turns what a configuration exports into settings: one frozen value with every default filled in.
 *
 * @throws NightshiftError `config-invalid` (78) whose message lists every mistake with its path.
 */
export function parseConfig(raw: unknown, options: ParseOptions): Settings {
  const found = mistakes();
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    found.add([], `the configuration should be an object, is ${kindOf(raw)}`);
  }
  const settings = readWhole(raw ?? {}, options, found);
  found.throwIfAny(options.file);
  return deepFreeze({ ...settings!, hash: hashOf(settings!) });
}

/** Null, with the reason on the list, where looking at it runs code of its own that throws. */
function readWhole(raw: Raw, options: ParseOptions, found: Mistakes) {
  try {
    return read(raw, options, found);
  } catch (thrown) {
    if (thrown instanceof NightshiftError) throw thrown;
    found.add([], `the configuration cannot be looked at: ${toError(thrown).message}`);
    return null;
  }
}

function read(raw: Raw, options: ParseOptions, found: Mistakes): Omit<Settings, 'hash'> {
  for (const key of Object.keys(raw)) {
    if (!(KEYS as readonly string[]).includes(key)) found.add([key], unknownKey(key, KEYS));
  }
  const zone = raw.timezone ?? hostTimezone();
  const zoneRead = check(leaf(timezone), zone, ['timezone'], found) ?? 'UTC';
  const models = readModels(raw.models, found, options.resolve);
  const actions = readActions(raw.actions, options.dir, found, options.resolve);
  const { agents, budgets } = readAgents(raw.agents, found, {
    dir: options.dir,
    timezone: zoneRead,
    aliases: models.aliases,
    actions: actions.names,
    checkCron: options.checkCron,
    checkEntry: options.checkEntry,
  });
  const caps = check(budgetSchema, raw.budget ?? {}, ['budget'], found);
  return {
    file: options.file,
    dir: options.dir,
    version: options.version,
    timezone: zoneRead,
    budgets: [...budgetRows('global', caps), ...budgets],
    endpoints: models.connected.endpoints,
    models: models.connected.models,
    agents,
    actions: actions.right,
    alerts: readAlerts(raw.alerts, found, options.resolve),
    times: timesOf(check(timesSchema, raw.times ?? {}, ['times'], found) ?? {}, found),
    concurrency: check(leaf(count(1, 64)), raw.concurrency ?? 4, ['concurrency'], found) ?? 4,
    sandbox:
      check(oneOf(['auto', 'direct', 'bwrap']), raw.sandbox ?? 'auto', ['sandbox'], found) ??
      'auto',
    maxWaitMs: check(leaf(duration('1m', '30d')), raw.maxWait ?? '24h', ['maxWait'], found) ?? 0,
    retention: retentionOf(check(retentionSchema, raw.retention ?? {}, ['retention'], found) ?? {}),
    drillSchedule: readDrills(raw.drills, zoneRead, options, found),
  };
}

function readDrills(
  raw: unknown,
  timezone: string,
  { checkCron }: ParseOptions,
  found: Mistakes,
): string | null {
  const cron = leaf((value) => checkedSchedule(value, { timezone, checkCron }));
  const given = check(closed({ schedule: cron.optional() }), raw ?? {}, ['drills'], found);
  return given?.schedule ?? null;
}

function readModels(
  raw: unknown,
  found: Mistakes,
  resolve?: ResolveSecret,
): { readonly aliases: readonly string[]; readonly connected: Connected } {
  const given = raw === undefined ? { default: { kind: 'extractive' } } : raw;
  const entries = entriesOf(given, '{ default: extractive() }', ['models'], found);
  const right: Record<string, ModelEntry> = {};
  for (const [alias, value] of entries) {
    if (!/^[A-Za-z][\w-]{0,62}$/.test(alias)) {
      found.add(['models', alias], 'an alias is a letter, then letters, digits, - and _');
      continue;
    }
    const model = check(modelSchema(value, resolve), value, ['models', alias], found);
    if (model !== undefined) right[alias] = model;
  }
  // A broken model still has a name: whoever uses it is not wrong as well.
  return { aliases: entries.map(([alias]) => alias), connected: connect(right, found) };
}

function readAgents(
  raw: unknown,
  found: Mistakes,
  around: AgentSurroundings,
): { readonly agents: readonly AgentSettings[]; readonly budgets: readonly Budget[] } {
  const agents: AgentSettings[] = [];
  const budgets: Budget[] = [];
  const schema = agentSchema(around);
  for (const [name, value] of entriesOf(raw, '{ digest: { entry: ... } }', ['agents'], found)) {
    if (!AGENT_NAME.test(name)) {
      found.add(['agents', name], 'a name is a small letter, then small letters, digits and -');
    }
    if (name === DRILL_AGENT)
      found.add(['agents', name], 'is the name that drills keep for themselves');
    const entry = check(schema, value, ['agents', name], found);
    if (entry === undefined) continue;
    agents.push(agentSettings(name, entry, around));
    budgets.push(...budgetRows(`agent:${name}`, entry.budget));
  }
  return { agents, budgets };
}

const WINDOWS: readonly (readonly [keyof BudgetCaps, WindowKind])[] = [
  ['perCall', 'call'],
  ['perJob', 'job'],
  ['perHour', 'hour'],
  ['perDay', 'day'],
  ['perMonth', 'month'],
];

function budgetRows(scope: BudgetScope, caps: BudgetCaps = {}): Budget[] {
  return WINDOWS.flatMap(([key, window]) => {
    const capNusd = caps[key];
    return capNusd === undefined ? [] : [{ scope, window, capNusd }];
  });
}

function hostTimezone(): string {
  return Temporal.Now.timeZoneId();
}

/** Over what was validated, keys sorted: neither comments nor the order of keys change it. */
function hashOf(settings: Omit<Settings, 'hash'>): string {
  const { file: _file, version: _version, ...values } = settings;
  return createHash('sha256').update(canonical(values)).digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
