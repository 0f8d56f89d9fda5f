import { startWeb, type WebOptions, type WebServer } from '@nightshift/fakes';
import { onCleanup } from '@nightshift/support';
import type { AllowSettings, HttpRequest, HttpResponse, RefusedError } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { NEVER, openRig, textOf, type Rig } from '../test/rig.ts';
import type { Broker, BrokerOptions } from './index.ts';

const FAST = { intervalMs: 0, hopMs: 400, bodyBytes: 100_000 };

interface Scene {
  readonly rig: Rig;
  readonly web: WebServer;
  readonly broker: Broker;
  /** Names that were resolved. */
  readonly resolved: string[];
  readonly get: (url: string, over?: Partial<HttpRequest>) => Promise<HttpResponse>;
}

/** `site.test` is a name without an address of its own; names lead to a private one here. */
async function scene(
  routes: WebOptions['routes'] = {},
  allow: Partial<AllowSettings> = {},
  over: Partial<BrokerOptions> = {},
): Promise<Scene> {
  const rig = await openRig();
  const web = await startWeb({ routes });
  onCleanup(() => web.close());
  const resolved: string[] = [];
  const hosts = [`127.0.0.1:${web.port}`, `site.test:${web.port}`, 'other.test'];
  const broker = rig.another({
    agents: {
      digest: { hosts, methods: [], read: [], git: [], models: [], actions: [], ...allow },
    },
    egress: FAST,
    resolve: async (name) => {
      resolved.push(name);
      return [{ address: '127.0.0.1', family: 4 }];
    },
    ...over,
  });
  const get = (url: string, more: Partial<HttpRequest> = {}) => {
    const target = url.startsWith('/') ? `http://127.0.0.1:${web.port}${url}` : url;
    const base = { method: 'GET', headers: [], body: new Uint8Array(), step: '', ordinal: 0 };
    return broker.handle(rig.who, { ...base, url: target, ...more }, NEVER);
  };
  return { rig, web, broker, resolved, get };
}

const reasonOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'no refusal',
    (error: RefusedError) => error.refusal?.reason ?? error.message,
  );

test('a page of an allowed host comes, with an honest agent and without cookies', async () => {
  const { get, web } = await scene({
    '/page': { body: 'hello', headers: { 'set-cookie': 'a=1' } },
  });
  const headers = [
    ['cookie', 'session=1'],
    ['authorization', 'Bearer x'],
    ['accept', 'text/html'],
  ] as const;
  const answer = await get('/page', { headers });
  expect([answer.status, await textOf(answer)]).toEqual([200, 'hello']);
  expect(new Map(answer.headers).has('set-cookie')).toBe(false);
  const sent = web.requests().find(({ path }) => path === '/page')!.headers;
  expect(sent).toMatchObject({ 'user-agent': 'nightshift/test', accept: 'text/html' });
  expect(sent['cookie'] ?? sent['authorization']).toBeUndefined();
});

test('a denied name is not resolved, whatever its labels say', async () => {
  const { get, resolved } = await scene();
  for (const url of ['http://sk-secret.evil.test/', 'http://evil.test', 'http://other.test:81/']) {
    expect(await reasonOf(get(url))).toBe('host-denied');
  }
  expect(resolved).toEqual([]);
});

test.each([
  'http://169.254.169.254/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://0xA9FEA9FE/',
  'http://2852039166/',
  'http://other.test.:81/',
  'http://evil.test./',
  'http://other.test:22/',
  'file:///etc/passwd',
  'data:text/plain,hi',
  'http://user:pw@other.test/',
  'https://api.openai.com/v1/models',
])('a redirect to %s is refused before connecting', async (redirect) => {
  const { get, resolved } = await scene({ '/away': { redirect } });
  expect(await reasonOf(get('/away'))).toMatch('host-denied');
  expect(resolved).toEqual([]);
});

test('a redirect to another port of the same machine is refused', async () => {
  const { get, rig } = await scene({ '/away': { redirect: 'http://127.0.0.1:1/' } });
  expect(await reasonOf(get('/away'))).toBe('host-denied');
  expect(await reasonOf(get(`${rig.server.url}/v1/models`))).toBe('request-denied');
});

test('an allowed name that leads to a private address is refused before connecting', async () => {
  const { get, web, resolved } = await scene();
  expect(await reasonOf(get(`http://site.test:${web.port}/`))).toBe('host-denied');
  expect(resolved).toEqual(['site.test']);
  expect(web.requests()).toEqual([]);
});

test('the socket goes to the vetted address and the name is not resolved again', async () => {
  const answers = ['127.0.0.1', '127.0.0.1', '127.0.0.2'];
  const asked: string[] = [];
  const { get, web } = await scene(
    { '/robots.txt': { body: '' }, '/page': { body: 'here' } },
    {},
    {
      isPublic: ({ address }) => address === '127.0.0.1',
      resolve: async (name) => {
        asked.push(name);
        return [{ address: answers[asked.length - 1] ?? '127.0.0.2', family: 4 }];
      },
    },
  );
  // No resolver knows `site.test`: only the vetted address can have led there.
  const url = `http://site.test:${web.port}/page`;
  expect(await textOf(await get(url))).toBe('here');
  expect(asked).toHaveLength(2);
  // A third lookup shows an address that is not public: refused, and nothing is sent.
  expect(await reasonOf(get(url))).toBe('host-denied');
  expect(web.requests().map(({ path }) => path)).toEqual(['/robots.txt', '/page']);
});

test('redirects are followed by hand, five and no more', async () => {
  const chain = Object.fromEntries(
    [1, 2, 3, 4, 5, 6].map((n) => [`/${n}`, { redirect: `/${n + 1}` }] as const),
  );
  const { get } = await scene({ ...chain, '/7': { body: 'the end' } });
  expect(await textOf(await get('/2'))).toBe('the end');
  await expect(get('/1')).rejects.toMatchObject({ code: 'fetch-redirects' });
});

test('methods other than GET and HEAD must be declared', async () => {
  const post = { method: 'POST', body: Buffer.from('{}') };
  const closed = await scene({ '/hook': { body: 'ok' } });
  expect(await reasonOf(closed.get('/hook', post))).toBe('request-denied');
  const open = await scene({ '/hook': { body: 'ok' } }, { methods: ['post'] });
  expect(await textOf(await open.get('/hook', post))).toBe('ok');
  expect(open.web.requests().at(-1)).toMatchObject({ method: 'POST', path: '/hook' });
});

test.each([
  ['never ends', { endless: true }, 'fetch-too-large'],
  ['is a large body', { sizeBytes: 2_000_000_000 }, 'fetch-too-large'],
  ['unpacks to gigabytes', { zipBombBytes: 50_000_000 }, 'fetch-too-large'],
  ['trickles', { slow: 'x'.repeat(1_000), everyMs: 100 }, 'fetch-timeout'],
  ['says nothing', { silent: true }, 'fetch-timeout'],
  ['resets', { reset: true }, 'fetch-failed'],
  ['is cut', { cut: 'half of this is all' }, 'fetch-failed'],
] as const)('a page that %s ends at a limit', async (_what, page, code) => {
  // Only where time is the limit may it run out first, on however slow a machine.
  const egress = code === 'fetch-timeout' ? FAST : { ...FAST, hopMs: 20_000 };
  const { get } = await scene({ '/page': page }, {}, { egress });
  await expect(get('/page')).rejects.toMatchObject({ code });
});

test.each([
  ['404', { status: 404 }, 'no refusal'],
  ['403', { status: 403 }, 'no refusal'],
  ['503', { status: 503 }, 'rate-limited'],
  ['429', { status: 429 }, 'rate-limited'],
  ['silence', { silent: true }, 'rate-limited'],
  ['a reset', { reset: true }, 'rate-limited'],
  ['rules for others', { body: 'User-agent: other\nDisallow: /' }, 'no refusal'],
  ['rules for all', { body: 'User-agent: *\nDisallow: /pa' }, 'robots-denied'],
  ['a wildcard', { body: 'User-agent: *\nDisallow: /*ge$' }, 'robots-denied'],
  [
    'a group of our own',
    { body: 'User-agent: *\nDisallow: /\n\nUser-agent: nightshift\nAllow: /' },
    'no refusal',
  ],
  ['five redirects', { redirect: '/r1' }, 'robots-denied'],
  ['600 KB', { body: `${'# padding\n'.repeat(60_000)}User-agent: *\nDisallow: /` }, 'no refusal'],
  [
    'a limit',
    { body: `User-agent: *\nDisallow: /page\n${'#\n'.repeat(300_000)}` },
    'robots-denied',
  ],
] as const)('robots.txt with %s', async (_what, robots, expected) => {
  const hops = { '/r1': { redirect: '/r2' }, '/r2': { redirect: '/r3' } };
  const more = { '/r3': { redirect: '/r4' }, '/r4': { redirect: '/r5' } };
  const rules = { '/r5': { body: 'User-agent: *\nDisallow: /page' } };
  const page = { '/page': { body: 'page' } };
  const routes = { '/robots.txt': robots, ...hops, ...more, ...rules, ...page };
  const { get, web } = await scene(routes);
  expect(await reasonOf(get('/page'))).toBe(expected);
  expect(web.count('/page')).toBe(expected === 'no refusal' ? 1 : 0);
});

test('an unreachable robots.txt forbids for a while; good rules are kept', async () => {
  const { get, web, rig } = await scene({
    '/robots.txt': [{ status: 500 }, { body: '' }],
    '/page': { body: 'page' },
  });
  expect(await reasonOf(get('/page'))).toBe('rate-limited');
  expect(await reasonOf(get('/page'))).toBe('rate-limited');
  expect(web.count('/robots.txt')).toBe(1);
  rig.clock.advance(600_001);
  await get('/page');
  await get('/page');
  expect(web.count('/robots.txt')).toBe(2);
});

test('a 429 leaves the host alone until it said', async () => {
  const busy = { status: 429, headers: { 'retry-after': '120' } };
  const { get, web, rig } = await scene({ '/page': [busy, { body: 'page' }] });
  await expect(get('/page')).rejects.toMatchObject({
    refusal: { reason: 'rate-limited', until: rig.clock.now() + 120_000 },
  });
  expect(await reasonOf(get('/other'))).toBe('rate-limited');
  expect(web.count('/other')).toBe(0);
  rig.clock.advance(120_000);
  expect(await textOf(await get('/page'))).toBe('page');
});

test('one request to a host at a time', async () => {
  const { get, web } = await scene({ '/page': { slow: 'abc', everyMs: 20 } });
  const all = Promise.all([get('/page'), get('/page'), get('/page')]);
  await web.waitForRequests(1, '/page');
  expect(web.count('/page')).toBe(1);
  await all;
  expect(web.count('/page')).toBe(3);
});

test('halted, paused and fenced off: no fetch', async () => {
  const { get, rig, web, broker } = await scene({ '/page': { body: 'page' } });
  const who = { ...rig.who, leaseToken: 'of another' };
  const base = { method: 'GET', headers: [], body: new Uint8Array(), step: '', ordinal: 0 };
  const url = `${web.url}/page`;
  expect(await reasonOf(broker.handle(who, { ...base, url }, NEVER))).toBe('lease-lost');
  const person = { kind: 'person', name: 'tester' } as const;
  await rig.store.control.pauseAgent('digest', person);
  expect(await reasonOf(get('/page'))).toBe('agent-paused');
  await rig.store.control.halt('stop', person);
  expect(await reasonOf(get('/page'))).toBe('halted');
  expect(web.requests()).toEqual([]);
});

test('an abort ends a fetch', async () => {
  const { broker, rig, web } = await scene(
    { '/page': { silent: true } },
    {},
    { egress: { intervalMs: 0 } },
  );
  const stop = new AbortController();
  const base = { method: 'GET', headers: [], body: new Uint8Array(), step: '', ordinal: 0 };
  const call = broker.handle(rig.who, { ...base, url: `${web.url}/page` }, stop.signal);
  const ended = call.catch((error: unknown) => error);
  await web.waitForRequests(1, '/page');
  stop.abort();
  expect(await ended).toMatchObject({ code: 'fetch-aborted' });
});
