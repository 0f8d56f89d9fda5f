import http from 'node:http';
import net from 'node:net';
import { expect, test } from 'vitest';
import { onCleanup } from './test-scope.ts';
import { isLoopback } from './loopback-only.ts';
import { scrubEnvironment } from './scrub-environment.ts';

const REFUSAL = /tests reach loopback only/;

test('a real webhook, key, proxy or flag in the environment is gone before a test runs', () => {
  const environment: Record<string, string> = {
    NTFY_TOPIC: 'a',
    DISCORD_WEBHOOK: 'b',
    ANTHROPIC_API_KEY: 'c',
    OPENAI_API_KEY_FILE: 'd',
    GITHUB_TOKEN: 'e',
    https_proxy: 'f',
    NODE_OPTIONS: '--allow-net',
    NIGHTSHIFT_STATE_DIR: 'g',
    CHECK_URL: 'h',
    PATH: '/bin',
  };
  scrubEnvironment(environment);
  expect(Object.keys(environment).toSorted()).toEqual([
    'GIT_CONFIG_GLOBAL',
    'GIT_CONFIG_NOSYSTEM',
    'PATH',
  ]);
});

test.each(['http://example.com/', 'http://10.0.0.1/', 'http://[2001:db8::1]/'])(
  'fetch to %s is refused before it leaves',
  async (url) => {
    const failure: unknown = await fetch(url).catch((error: unknown) => error);
    expect(String((failure as Error).cause ?? failure)).toMatch(REFUSAL);
  },
);

test('net.connect and http.get are refused in each form they take', () => {
  expect(() => net.connect(80, '192.0.2.1')).toThrow(REFUSAL);
  expect(() => net.connect({ host: 'ntfy.example', port: 443 })).toThrow(REFUSAL);
  expect(() => new net.Socket().connect(80, '192.0.2.1')).toThrow(REFUSAL);
  expect(() => http.get('http://192.0.2.1/')).toThrow(REFUSAL);
});

test('a name that its own lookup sends to another machine is refused', async () => {
  const lookup: net.LookupFunction = (_name, _options, done) => done(null, '192.0.2.1', 4);
  const socket = net.connect({ host: 'a.example', port: 80, lookup });
  onCleanup(() => socket.destroy());
  const error = await new Promise((resolve) => socket.once('error', resolve));
  expect(String(error)).toMatch(REFUSAL);
});

test('loopback is reachable', async () => {
  const server = http.createServer((_request, response) => response.end('hello'));
  onCleanup(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('hello');
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['127.0.0.1.example.com', false],
  ['169.254.169.254', false],
  ['localhost.example.com', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
