import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WebServer } from './index.ts';
import { startWeb } from './index.ts';

let web: WebServer;

beforeEach(async () => {
  web = await startWeb();
});

afterEach(async () => {
  await web.close();
});

test('a page has the status, headers and body it was given, and its visits are counted', async () => {
  web.route('/feed.xml', { headers: { 'Content-Type': 'text/xml', ETag: '"1"' }, body: '<rss/>' });
  const page = await fetch(`${web.url}/feed.xml?a=1`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/xml']);
  expect(await page.text()).toBe('<rss/>');
  const known = await fetch(`${web.url}/feed.xml`, { headers: { 'if-none-match': '"1"' } });
  expect([known.status, await known.text()]).toEqual([304, '']);
  await fetch(`${web.url}/hook`, { method: 'POST', body: 'sent' });
  expect([web.count('/feed.xml'), web.count('/hook'), web.count('/none')]).toEqual([2, 1, 0]);
  expect(web.requests().map(({ path }) => path)).toEqual(['/feed.xml?a=1', '/feed.xml', '/hook']);
  expect(web.requests().at(-1)).toMatchObject({ method: 'POST', rawBody: 'sent' });
});

test('a list of pages is gone through once, and its last page stays', async () => {
  web.route('/robots.txt', [{ status: 503 }, { body: 'User-agent: *\nDisallow: /' }]);
  const statuses = [];
  for (let n = 0; n < 3; n++) statuses.push((await fetch(`${web.url}/robots.txt`)).status);
  expect(statuses).toEqual([503, 200, 200]);
  expect((await fetch(`${web.url}/other`)).status).toBe(404);
});

test('a redirect names where to go', async () => {
  web.route('/old', { redirect: '/new', status: 301 });
  web.route('/new', { body: 'here' });
  const hop = await fetch(`${web.url}/old`, { redirect: 'manual' });
  expect([hop.status, hop.headers.get('location')]).toEqual([301, '/new']);
  expect(await (await fetch(`${web.url}/old`)).text()).toBe('here');
});

test('a slow page comes byte by byte', async () => {
  web.route('/', { slow: 'abcdef', everyMs: 5 });
  const start = performance.now();
  expect(await (await fetch(web.url)).text()).toBe('abcdef');
  expect(performance.now() - start).toBeGreaterThan(25);
});

test('an endless page goes on until the reader leaves', async () => {
  web.route('/', { endless: true });
  const leave = new AbortController();
  const response = await fetch(web.url, { signal: leave.signal });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let bytes = 0;
  while (bytes < 1_000_000) bytes += (await reader.read()).value?.length ?? Infinity;
  leave.abort();
  expect(bytes).toBeLessThan(Infinity);
});

test('a sized page is announced and sent in full', async () => {
  web.route('/', { sizeBytes: 200_000 });
  const response = await fetch(web.url);
  expect(response.headers.get('content-length')).toBe('200000');
  expect((await response.arrayBuffer()).byteLength).toBe(200_000);
});

test('a zip bomb is small on the wire and large unpacked', async () => {
  web.route('/', { zipBombBytes: 5_000_000 });
  const response = await fetch(web.url);
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect((await response.arrayBuffer()).byteLength).toBe(5_000_000);
});

test('a page can be silent, reset the connection, or break off', async () => {
  web.route('/silent', { silent: true });
  web.route('/reset', { reset: true });
  web.route('/cut', { cut: 'half of this' });
  const silent = fetch(`${web.url}/silent`, { signal: AbortSignal.timeout(50) });
  await expect(silent).rejects.toThrow('timeout');
  await expect(fetch(`${web.url}/reset`)).rejects.toThrow('fetch failed');
  const broken = await fetch(`${web.url}/cut`);
  await expect(broken.text()).rejects.toThrow('terminated');
});

test('another process adds routes and reads requests', async () => {
  const routes = JSON.stringify({ '/a': { body: 'A' }, '/b': [{ status: 500 }, { body: 'B' }] });
  const added = await fetch(`${web.url}/__routes`, { method: 'POST', body: routes });
  expect(added.status).toBe(200);
  expect(await (await fetch(`${web.url}/a`)).text()).toBe('A');
  await web.waitForRequests(1, '/a');
  const seen = await (await fetch(`${web.url}/__requests`)).json();
  expect(seen).toMatchObject([{ method: 'GET', path: '/a' }]);
  const bad = await fetch(`${web.url}/__routes`, { method: 'POST', body: '{"/a":{"boddy":""}}' });
  expect([bad.status, await bad.json()]).toEqual([400, { error: '"boddy" is unknown in a page' }]);
});
