import { describe, expect, test } from 'vitest';
import { baseUrl, host, isOllamaCloud, isPaidHost } from './places.ts';
import { schedule } from './schedule.ts';
import { secret } from './secret.ts';
import { duration, json, money, timezone } from './values.ts';

describe('money', () => {
  test('is exact to the nano-dollar', () => {
    expect(money('$0.1')).toBe(100_000_000);
    expect(money('$12.000000001')).toBe(12_000_000_001);
  });

  test.each([
    '$1,00',
    '$-1',
    '$1e3',
    '1.00',
    '$',
    '$1.',
    '$ 1',
    '$0.0000000001',
    '$1000001',
    1,
    '',
  ])('is not %j', (value) => {
    expect(() => money(value)).toThrow(/money|more than/);
  });
});

describe('durations', () => {
  const read = duration('1s', '24h');

  test('have a unit', () => {
    expect(['1s', '10m', '24h', '1500ms', '1d'].map(read)).toEqual([
      1_000, 600_000, 86_400_000, 1_500, 86_400_000,
    ]);
  });

  test.each(['10', '1.5h', '-1s', '1 s', '999ms', '25h', '1w', '', 5])('are not %j', (value) => {
    expect(() => read(value)).toThrow(/time|short|long/);
  });
});

describe('hosts', () => {
  test.each([
    ['Example.ORG', 'example.org'],
    ['example.org:8443', 'example.org:8443'],
    ['127.0.0.1:80', '127.0.0.1:80'],
    ['[::1]:8080', '[::1]:8080'],
    ['bücher.example', 'xn--bcher-kva.example'],
  ])('%s is %s', (written, read) => {
    expect(host(written)).toBe(read);
  });

  test.each([
    'https://example.org',
    'example.org/path',
    'user@example.org',
    '*.example.org',
    'example.org.',
    '0x7f.1',
    '2130706433',
    'example.org:0',
    'example.org:70000',
    'a b',
    '-a.example',
    'api.openai.com',
    '',
  ])('%j is none', (written) => {
    expect(() => host(written)).toThrow(/host/);
  });
});

describe('base URLs', () => {
  test('lose their trailing slash', () => {
    expect(baseUrl('http://127.0.0.1:8080/v1/')).toBe('http://127.0.0.1:8080/v1');
    expect(baseUrl('https://models.example')).toBe('https://models.example');
  });

  test.each([
    'http://user:pass@models.example',
    'http://models.example/?key=1',
    'http://models.example/?',
    'http://models.example/#x',
    'file:///etc/passwd',
    'models.example',
  ])('%s is none', (written) => {
    expect(() => baseUrl(written)).toThrow(/should|is not/);
  });
});

test('a password or a key that is written where none belongs is not repeated', () => {
  const attempts = [
    () => host('user:sekrit@example.org'),
    () => host('https://user:sekrit@example.org'),
    () => host('example.org/page?key=sekrit'),
    () => baseUrl('http://user:sekrit@models.example'),
    () => baseUrl('http://user:sekrit@[models'),
    () => baseUrl('models.example?key=sekrit'),
    () => secret()({ kind: 'env', env: 'sk-sekrit' }),
  ];
  for (const attempt of attempts) {
    expect(attempt).toThrow(expect.objectContaining({ name: 'WrongValue' }));
    expect(attempt).not.toThrow(/sekrit/);
  }
});

test('hosts that charge are known with their regions and subdomains, and no others', () => {
  const paid = ['api.openai.com', 'API.Anthropic.com.', 'x.openai.azure.com', 'ollama.com'];
  paid.push('europe-west4-aiplatform.googleapis.com', 'bedrock-runtime.us-east-1.amazonaws.com');
  expect(paid.filter((name) => !isPaidHost(name))).toEqual([]);
  const others = ['localhost', 'openai.com.example', 'bucket.s3.amazonaws.com', 'notollama.com'];
  expect(others.filter(isPaidHost)).toEqual([]);
});

test('models of the Ollama cloud are known by their tag', () => {
  expect(['gpt-oss:120b-cloud', 'glm-4.6:cloud', 'x:CLOUD'].every(isOllamaCloud)).toBe(true);
  expect(['llama3.2', 'cloudy:7b', 'cloud-model:7b'].some(isOllamaCloud)).toBe(false);
});

test('schedules are five fields, or a name for them', () => {
  expect(schedule('@daily')).toBe('0 0 * * *');
  expect(schedule(' 0  6 * * 1-5 ')).toBe('0 6 * * 1-5');
  expect(() => schedule('* * * *')).toThrow('has 4 fields, not 5');
  expect(() => schedule('0 0 6 * * *')).toThrow('has 6 fields, not 5');
  expect(() => schedule('@reboot')).toThrow('is not a schedule');
});

test('a time zone is a name, not an offset', () => {
  expect(timezone('Europe/Berlin')).toBe('Europe/Berlin');
  expect(() => timezone('+02:00')).toThrow('is not a time zone');
  expect(() => timezone('Mars/Olympus')).toThrow('is not a time zone');
});

test('an input is JSON and holds no secret', () => {
  expect(json({ a: [1, 'x', null, true], b: undefined })).toEqual({ a: [1, 'x', null, true] });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(() => json(circle)).toThrow('holds itself');
  expect(() => json({ at: new Date(0) })).toThrow('a Date');
  expect(() => json({ n: Number.NaN })).toThrow('not JSON');
  expect(() => json({ f: () => 1 })).toThrow('a function');
  expect(() => json({ key: { kind: 'env', env: 'X' } })).toThrow('holds a secret');
  expect(() => json('x'.repeat(1_048_576))).toThrow('bytes of JSON');
});
