import fc from 'fast-check';
import { parseConfig } from 'nightshift/config';
import { ours, requireHarmless } from '../harmless.ts';
import { defineTarget } from '../target.ts';
import { errorLines } from '../../../packages/cli/src/print/error-report.ts';

/** A configuration that uses what there is. */
const WHOLE = {
  timezone: 'Europe/Berlin',
  budget: { perDay: '$1.00', perHour: '$0.50', perMonth: '$20.00', perCall: '$0.10' },
  models: {
    default: { kind: 'extractive' },
    smart: {
      kind: 'endpoint',
      protocol: 'openai',
      baseUrl: 'http://127.0.0.1:9/v1',
      model: 'm',
      apiKey: { env: 'KEY' },
      price: { inputPerMTok: '$3.00', outputPerMTok: '$15.00' },
    },
  },
  actions: { note: { kind: 'append-file', file: './notes.txt' } },
  alerts: {
    channels: [
      { kind: 'ntfy', topic: { env: 'TOPIC' } },
      { kind: 'webhook', url: 'https://a.test/hook' },
    ],
    deadman: { env: 'CHECK_URL' },
    dailySummary: '08:00',
    weeklySummary: 'Mon 08:00',
    rules: { 'queue-lag': { after: '15m' }, 'spend-rate': { factor: 5, halt: 'agent' } },
  },
  times: { tick: '2s', beat: '2s', silent: '20s' },
  concurrency: 2,
  maxWait: '24h',
  retention: { jobs: '30d', events: '30d' },
  agents: {
    digest: {
      entry: '@nightshift/digest',
      schedule: '0 6 * * *',
      catchUp: 'latest',
      input: { repos: ['.'], feeds: ['https://feed.test/'] },
      allow: { hosts: ['feed.test'], git: ['.'], read: ['./data'], models: ['default'] },
      budget: { perJob: '$0.05' },
      attempts: 3,
      timeout: '10m',
      overlap: 'skip',
      value: { hoursSaved: 0.5, hourlyRate: '$60.00' },
    },
    watch: { entry: './watch.ts', every: '30s' },
  },
};
const PATHS = pathsOf(WHOLE);

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    '',
    ' ',
    '$',
    '$-1',
    '$1e3',
    '$99999999999999999999',
    '0s',
    '1y',
    '-1s',
    '1.5h',
    '*/0 * * * *',
    '61 * * * *',
    '* * * * * *',
    '@reboot',
    'Mars/Olympus',
    '../../etc/passwd',
    '/',
    '.env',
    '\u202e',
    '\u001b[31m',
    '\0',
    'a\nb',
    NaN,
    Infinity,
    -0,
    1n,
    [],
    {},
    () => 1,
    Symbol('s'),
    new Map(),
    new Date(0),
    { env: '' },
    { env: 'A', more: 1 },
    'https://u:p@a.test',
    'javascript:1',
    'https://',
    Object.create(null),
    { toString: null },
    { length: -1 },
    [[[[]]]],
    { ['__proto__']: 1 },
    JSON.parse('{"__proto__":{"a":1}}'),
    {
      get trap() {
        throw new Error('a getter that throws');
      },
    },
  ),
  fc.anything({ maxDepth: 2, withBigInt: true, withNullPrototype: true, withSparseArray: true }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const change = fc.record({
  path: fc.constantFrom(...PATHS),
  how: fc.constantFrom('set', 'remove', 'add', 'misspell'),
  key: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'x'), fc.string({ maxLength: 8 })),
  value: odd,
});
const inputs = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.array(change, { minLength: 1, maxLength: 5 }).map((it) => changed(it)),
  },
  { weight: 1, arbitrary: odd },
);

/**
 * Whatever a configuration exports, it is settings, or a list of mistakes that a terminal can show.
 */
export const configuration = defineTarget('configuration', 60, inputs, (raw) => {
  try {
    const settings = parseConfig(raw, { file: '/site/c.ts', dir: '/site', version: 1 });
    JSON.stringify(settings);
  } catch (thrown) {
    const error = ours(thrown);
    if (error.exitCode !== 78) throw error;
    for (const line of errorLines(error, (_tone, text) => text, false))
      requireHarmless(line, 'an error');
  }
});

type Change = {
  readonly path: readonly string[];
  readonly how: 'set' | 'remove' | 'add' | 'misspell';
  readonly key: string;
  readonly value: unknown;
};

function changed(changes: readonly Change[]): unknown {
  const copy = structuredClone(WHOLE) as unknown;
  for (const { path, how, key, value } of changes) {
    const last = path.at(-1)!;
    let at = copy as Record<string, unknown>;
    for (const step of path.slice(0, -1)) at = Object(at[step]) as Record<string, unknown>;
    if (how === 'remove') Reflect.deleteProperty(at, last);
    else if (how === 'set') Reflect.set(at, last, value);
    else if (how === 'misspell') Reflect.set(at, `${last}s`, at[last]);
    else if (!Array.isArray(at[last])) {
      Reflect.defineProperty(Object(at[last]) as object, key, { value, enumerable: true });
    }
  }
  return copy;
}

/** Every path in it, of leaves and of what holds them. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const below = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [
    ...(path.length === 0 ? [] : [path]),
    ...below.flatMap(([key, it]) => pathsOf(it, [...path, key])),
  ];
}
