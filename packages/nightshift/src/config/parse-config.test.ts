import { describe, expect, test } from 'vitest';
import { DEFAULT_RETENTION, DEFAULT_TIMES } from '@nightshift/domain';
import { mistakesOf, parse } from '../../test/parse.ts';
import {
  anthropic,
  defaultConfig,
  defineConfig,
  discord,
  env,
  extractive,
  ntfy,
  ollama,
  openai,
  type ConfigInput,
} from './index.ts';

const AGENT = { entry: './agent.ts' };

describe('a whole configuration', () => {
  const config = defineConfig({
    timezone: 'Europe/Berlin',
    budget: { perDay: '$1.00', perHour: '$0.50', perMonth: '$20.00' },
    models: {
      default: extractive(),
      smart: anthropic('claude-haiku-4-5', { apiKey: env('ANTHROPIC_API_KEY') }),
      local: ollama('llama3.2'),
    },
    alerts: {
      channels: [ntfy({ topic: env('NTFY_TOPIC') }), discord({ webhook: env('DISCORD_WEBHOOK') })],
    },
    agents: {
      digest: {
        entry: '@nightshift/digest',
        schedule: '0 6 * * *',
        catchUp: 'latest',
        input: { repos: ['.'] },
        allow: { hosts: ['feeds.example'], git: ['.'], models: ['default', 'smart'] },
        budget: { perJob: '$0.05' },
        attempts: 3,
        timeout: '10m',
        overlap: 'skip',
        value: { hoursSaved: 0.5, hourlyRate: '$60.00' },
      },
    },
  });
  const settings = parse(config);

  test('has exact caps of everybody and of each agent', () => {
    expect(settings.budgets).toEqual([
      { scope: 'global', window: 'hour', capNusd: 500_000_000 },
      { scope: 'global', window: 'day', capNusd: 1_000_000_000 },
      { scope: 'global', window: 'month', capNusd: 20_000_000_000 },
      { scope: 'agent:digest', window: 'job', capNusd: 50_000_000 },
    ]);
  });

  test('has one endpoint for each place that answers', () => {
    expect(settings.endpoints).toEqual([
      {
        name: 'api.anthropic.com',
        protocol: 'anthropic',
        baseUrl: 'https://api.anthropic.com/v1',
        apiKey: { env: 'ANTHROPIC_API_KEY' },
        models: { 'claude-haiku-4-5': { kind: 'table' } },
      },
      {
        name: '127.0.0.1:11434',
        protocol: 'ollama',
        baseUrl: 'http://127.0.0.1:11434',
        apiKey: null,
        models: { 'llama3.2': { kind: 'free' } },
      },
    ]);
    expect(settings.models['smart']).toEqual({
      kind: 'endpoint',
      endpoint: 'api.anthropic.com',
      model: 'claude-haiku-4-5',
    });
  });

  test('has an agent with absolute paths and every default', () => {
    expect(settings.agents).toEqual([
      {
        name: 'digest',
        entry: '@nightshift/digest',
        schedule: { kind: 'cron', cron: '0 6 * * *' },
        catchUp: { kind: 'latest' },
        input: { repos: ['.'] },
        allow: {
          hosts: ['feeds.example'],
          methods: ['GET', 'HEAD'],
          read: [],
          git: ['/srv/night'],
          models: ['default', 'smart'],
          actions: [],
        },
        attempts: 3,
        timeoutMs: 600_000,
        overlap: 'skip',
        concurrency: 1,
        memoryMb: 256,
        value: { hoursSaved: 0.5, hourlyRateNusd: 60_000_000_000 },
      },
    ]);
  });

  test('has names of secrets, never values', () => {
    expect(settings.alerts.channels).toEqual([
      {
        kind: 'ntfy',
        name: 'ntfy',
        server: 'https://ntfy.sh',
        topic: { env: 'NTFY_TOPIC' },
        token: null,
      },
      { kind: 'discord', name: 'discord', webhook: { env: 'DISCORD_WEBHOOK' } },
    ]);
  });

  test('is frozen all the way down, and survives JSON', () => {
    expect(Object.isFrozen(settings.agents[0]!.allow.hosts)).toBe(true);
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  });

  test('has a hash of its values: not of the file, its time or the order of keys', () => {
    const reversed = Object.fromEntries(Object.entries(config).toReversed());
    expect(parse(reversed, { version: 8, file: '/elsewhere.ts' }).hash).toBe(settings.hash);
    expect(parse({ ...config, concurrency: 5 }).hash).not.toBe(settings.hash);
  });
});

test('the smallest configuration is an agent with an entry', () => {
  const settings = parse({ agents: { one: AGENT } });
  expect(settings).toMatchObject({
    budgets: [],
    endpoints: [],
    concurrency: 4,
    sandbox: 'auto',
    maxWaitMs: 86_400_000,
    retention: DEFAULT_RETENTION,
    drillSchedule: null,
  });
  expect(settings.times).toEqual(DEFAULT_TIMES);
  expect(settings.models).toEqual({ default: { kind: 'extractive' } });
  expect(settings.agents[0]).toMatchObject({ schedule: null, attempts: 3, input: {} });
  expect(settings.agents[0]!.allow.models).toEqual(['default']);
});

test('the built-in configuration is a digest without key, model or network', () => {
  const settings = parse(defaultConfig(), { file: null });
  expect(settings.endpoints).toEqual([]);
  expect(settings.agents[0]).toMatchObject({
    name: 'digest',
    schedule: { kind: 'cron', cron: '0 6 * * *' },
    allow: { hosts: [], git: ['/srv/night'], models: ['default'] },
    value: { hoursSaved: 0.25, hourlyRateNusd: 40_000_000_000 },
  });
});

test('mistakes end the process with 78 and name the file', () => {
  expect(() => parse({})).toThrow(
    expect.objectContaining({
      code: 'config-invalid',
      exitCode: 78,
      retryable: false,
      at: '/srv/night/nightshift.config.ts',
    }),
  );
});

test('all mistakes are said at once, each with its path', () => {
  const found = mistakesOf({
    timezon: 'UTC',
    budget: { perDay: '$1,00', perDya: '$1' },
    models: { default: extractive, cheap: { kind: 'extractive' } },
    agents: {
      broken: { schedule: '61', timeout: '10', shedule: '' },
      right: AGENT,
      other: { ...AGENT, allow: { models: ['chaep'], hosts: ['https://x.example'] }, attempts: -1 },
    },
    times: { beat: '10s' },
  });
  expect(found).toEqual([
    'timezon: is not known here; did you mean "timezone"?',
    expect.stringMatching(/^models\.default: is a function \(call it\)/),
    expect.stringMatching(/^agents\.broken\.entry: is missing/),
    expect.stringMatching(/^agents\.broken\.schedule: "61" has 1 fields/),
    expect.stringMatching(/^agents\.broken\.timeout: "10" is not a time/),
    'agents.broken.shedule: is not known here; did you mean "schedule"?',
    expect.stringMatching(/^agents\.other\.allow\.hosts\[0\]: .* leave the scheme out/),
    'agents.other.allow.models[0]: there is no model "chaep"; did you mean "cheap"?',
    'agents.other.attempts: -1 is not from 1 to 100',
    expect.stringMatching(/^budget\.perDay: "\$1,00" is not money/),
    'budget.perDya: is not known here; did you mean "perDay"?',
    expect.stringMatching(/^times\.silent: /),
    expect.stringMatching(/^times\.recover: /),
  ]);
});

test.each([null, undefined, 'x', 5, []])('%j is no configuration', (config) => {
  expect(mistakesOf(config)[0]).toContain('the configuration should be an object');
});

test('a cron expression is checked by who knows the dialect, in the configured zone', () => {
  const checkCron = (cron: string, zone: string) => `${cron} in ${zone} is impossible`;
  const config = { timezone: 'Asia/Tokyo', agents: { one: { ...AGENT, schedule: '@daily' } } };
  expect(mistakesOf(config, { checkCron })).toEqual([
    'agents.one.schedule: "0 0 * * *" is not a schedule: 0 0 * * * in Asia/Tokyo is impossible',
  ]);
});

test('an entry that is not there is a mistake beside the others', () => {
  const checkEntry = (entry: string) => (entry === AGENT.entry ? null : `there is no ${entry}`);
  const agents = { one: { entry: './none.ts', attempts: 0 }, two: AGENT };
  expect(mistakesOf({ timezone: 'Mars', agents }, { checkEntry })).toEqual([
    expect.stringMatching(/^timezone: /),
    'agents.one.entry: there is no ./none.ts',
    expect.stringMatching(/^agents\.one\.attempts: /),
  ]);
});

test('a schedule and an interval exclude each other', () => {
  const agents = { one: { ...AGENT, schedule: '@daily', every: '30s' } };
  expect(mistakesOf({ agents })).toEqual([
    'agents.one.every: is set beside a schedule: keep one of the two',
  ]);
  expect(parse({ agents: { one: { ...AGENT, every: '30s' } } }).agents[0]!.schedule).toEqual({
    kind: 'every',
    everyMs: 30_000,
  });
});

test.each([
  ['skip', { kind: 'skip' }],
  ['all', { kind: 'all', max: 100 }],
  [{ all: 20 }, { kind: 'all', max: 20 }],
])('catchUp %j is read', (catchUp, read) => {
  expect(parse({ agents: { one: { ...AGENT, catchUp } } }).agents[0]!.catchUp).toEqual(read);
});

test('a secret that is set nowhere is a mistake when somebody asks', () => {
  const config: ConfigInput = { agents: {}, models: { m: anthropic('x'), n: openai('y') } };
  const resolve = ({ env: name }: { env: string }) => (name === 'OPENAI_API_KEY' ? 'k' : null);
  expect(mistakesOf(config)).toEqual([]);
  expect(mistakesOf(config, { resolve })).toEqual([
    'models.m.apiKey: ANTHROPIC_API_KEY is not set, and neither is ANTHROPIC_API_KEY_FILE',
  ]);
});

test.each([
  [{ silent: '6s' }, 'times.silent'],
  [{ tick: '7s' }, 'times.silent'],
  [{ lease: '44s' }, 'times.lease'],
  [{ drain: '41s' }, 'times.drain'],
  [{ recover: '6s' }, 'times.recover'],
])('times that cannot work together are refused: %j', (times, path) => {
  expect(mistakesOf({ agents: {}, times })[0]).toContain(path);
});

test('short times that fit together are fine', () => {
  const times = { tick: '50ms', beat: '50ms', silent: '1s', drain: '500ms', recover: '2s' };
  expect(parse({ agents: {}, times }).times).toMatchObject({ silentMs: 1_000, drainMs: 500 });
});

describe('drills', () => {
  const checkCron = (cron: string): string | null => (cron === '61 * * * *' ? 'minute 61' : null);

  test('run by themselves only where a schedule is given', () => {
    expect(parse({ agents: { one: AGENT } }).drillSchedule).toBeNull();
    const drills = { schedule: '@monthly' };
    expect(parse({ agents: { one: AGENT }, drills }).drillSchedule).toBe('0 0 1 * *');
  });

  test.each([
    [{ schedule: '0 5 * *' }, 'drills.schedule'],
    [{ schedule: '61 * * * *' }, 'minute 61'],
    [{ shedule: '@monthly' }, 'did you mean "schedule"?'],
    ['@monthly', 'drills'],
  ])('%j is a mistake', (drills, message) => {
    expect(() => parse({ agents: { one: AGENT }, drills }, { checkCron })).toThrow(message);
  });
});

test('a configuration that throws when it is looked at is a mistake like any other', () => {
  const trap = {
    get agents(): never {
      throw new Error('not today');
    },
  };
  expect(mistakesOf(trap)).toContainEqual('the configuration cannot be looked at: not today');
});
