import { fileURLToPath } from 'node:url';

/** One agent of a soak: what it does (see `fixtures/agent.ts`) and when. */
export interface SoakAgent {
  readonly name: string;
  readonly does: string;
  readonly cron?: string;
  /** Text as in the configuration, such as `15m`. */
  readonly every?: string;
  readonly attempts?: number;
  readonly catchUp?: 'skip' | 'latest' | 'all';
  readonly overlap?: 'skip' | 'queue';
}

/** Twenty agents, from each minute of an hour to once a week. */
export const SOAK_AGENTS: readonly SoakAgent[] = [
  { name: 'minutely', does: 'call', cron: '* 9 * * *', catchUp: 'skip' },
  { name: 'fives', does: 'nothing', cron: '*/5 23 * * *' },
  { name: 'tens', does: 'steps', cron: '*/10 0-5 * * *' },
  { name: 'quarters', does: 'call', cron: '*/15 12-23 * * *' },
  { name: 'thirds', does: 'stream', cron: '*/20 8-19 * * *' },
  { name: 'halves', does: 'flaky', cron: '*/30 * * * *' },
  { name: 'slow', does: 'slow', cron: '10 */3 * * *' },
  { name: 'hourly', does: 'steps', cron: '0 * * * *' },
  { name: 'queued', does: 'call', cron: '30 * * * *', catchUp: 'all', overlap: 'queue' },
  { name: 'failing', does: 'fails', cron: '17 */2 * * *', attempts: 2 },
  { name: 'crashing', does: 'crash', cron: '41 */3 * * *', attempts: 2 },
  { name: 'greedy', does: 'greedy', cron: '23 */4 * * *' },
  { name: 'stray', does: 'stray', cron: '47 */2 * * *' },
  { name: 'drafter', does: 'drafts', cron: '5 */2 * * *' },
  // Whatever the hour and the calendar: no halt is so short that nothing comes due in it.
  { name: 'grid', does: 'nothing', every: '15m' },
  { name: 'nightly', does: 'steps', cron: '30 2 * * *' },
  { name: 'morning', does: 'call', cron: '0 6 * * *' },
  { name: 'evening', does: 'steps', cron: '0 22 * * 1-5' },
  { name: 'weekly', does: 'steps', cron: '15 3 * * 0', catchUp: 'all' },
  { name: 'monday', does: 'call', cron: '0 7 * * 1', catchUp: 'skip' },
];

/**
 * Each has a job due whenever the worker comes up, and none piles up behind a worker that is dead
 * for most of the time: at the end of a storm all of them run within minutes.
 */
const BUSY = { every: '3s', attempts: 10, catchUp: 'latest' } as const;

/** For kills in quick succession: something is always on. */
export const CHAOS_AGENTS: readonly SoakAgent[] = [
  ...['steps-a', 'steps-b', 'steps-c'].map((name) => ({ ...BUSY, name, does: 'steps' })),
  ...['calls-a', 'calls-b', 'calls-c'].map((name) => ({ ...BUSY, name, does: 'call' })),
  { ...BUSY, name: 'streams', does: 'stream' },
  { ...BUSY, name: 'nothing', does: 'nothing' },
  { name: 'flaky', does: 'flaky', every: '5s', attempts: 4 },
  { name: 'failing', does: 'fails', every: '15s', attempts: 2 },
  { name: 'patient', does: 'patient', every: '5s', attempts: 10 },
  { name: 'greedy', does: 'greedy', every: '20s' },
  { name: 'stray', does: 'stray', every: '10s' },
];

export interface Caps {
  readonly perCall: number;
  readonly perJob: number;
  readonly perHour: number;
  readonly perDay: number;
  readonly perMonth: number;
}

/** Where the agents' remote ends are. */
export interface Ends {
  readonly model: string;
  readonly ntfy: string;
  readonly web: string;
  readonly denied: string;
}

export interface ConfigParts {
  readonly timezone: string;
  readonly agents: readonly SoakAgent[];
  /** Dollars. */
  readonly caps: Caps;
  readonly times: Readonly<Record<string, string>>;
  readonly ends: Ends;
  /** Files every agent may read: the face of the clock. */
  readonly read: readonly string[];
  readonly concurrency: number;
  /** Of each attempt, as in the configuration. */
  readonly timeout: string;
}

const ENTRY = fileURLToPath(new URL('fixtures/agent.ts', import.meta.url));

/** The configuration as a file of its own. */
export function configText(parts: ConfigParts): string {
  const { ends, caps, times, concurrency } = parts;
  const agents = Object.fromEntries(parts.agents.map((it) => [it.name, agentEntry(it, parts)]));
  return `import { appendFile, defineConfig, discord, env, ntfy, openaiCompatible } from 'nightshift/config';
export default defineConfig({
  timezone: '${parts.timezone}',
  sandbox: 'direct',
  concurrency: ${concurrency},
  times: ${JSON.stringify(times)},
  budget: ${JSON.stringify(dollars(caps))},
  models: {
    default: openaiCompatible({ baseUrl: '${ends.model}/v1', model: 'test-model', name: 'fake',
      price: { inputPerMTok: '$3.00', outputPerMTok: '$15.00' } }),
  },
  alerts: { channels: [ntfy({ server: '${ends.ntfy}', topic: 'nights' }),
                       discord({ webhook: env('SOAK_WEBHOOK') })],
    // What this is about is that each incident is told, not how often a machine is killed.
    rules: { 'crash-loop': { starts: 20 } } },
  actions: { note: appendFile({ path: 'notes.txt' }) },
  agents: ${JSON.stringify(agents, null, 2)},
});
`;
}

function dollars(caps: Caps): Record<string, string> {
  return Object.fromEntries(Object.entries(caps).map(([name, usd]) => [name, `$${usd}`]));
}

function agentEntry(agent: SoakAgent, { ends, read, timeout }: ConfigParts): object {
  const { does, cron, every, attempts, catchUp, overlap } = agent;
  const input = { does, model: `${ends.model}/v1`, page: `${ends.web}/page`, denied: ends.denied };
  return {
    entry: ENTRY,
    ...(cron === undefined ? { every } : { schedule: cron }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(catchUp === undefined ? {} : { catchUp }),
    ...(overlap === undefined ? {} : { overlap }),
    timeout,
    memoryMb: 128,
    input,
    allow: {
      hosts: [new URL(ends.web).host],
      models: ['default'],
      read,
      ...(does === 'drafts' ? { actions: ['note'] } : {}),
    },
  };
}
