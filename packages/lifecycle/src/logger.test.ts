import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '@nightshift/domain';
import { manualClock, tempDir } from '@nightshift/support';
import { environmentOf } from './environment.ts';
import { logFiles, openLogFile } from './log-file.ts';
import { openLog } from './logger.ts';

const START = Date.UTC(2026, 0, 1, 12);

function logIn(dir: string, options: { verbose?: boolean } = {}) {
  const environment = environmentOf({ KEY: 'sw0rd"fish', OTHER: 'q+/=&secret' });
  environment.resolveSecret({ env: 'KEY' });
  environment.resolveSecret({ env: 'OTHER' });
  const printed: string[] = [];
  const log = openLog({
    dir,
    service: 'worker',
    instance: 'i-1',
    clock: manualClock(START),
    secrets: () => environment.secretValues(),
    stderr: { write: (text) => printed.push(text) },
    ...options,
  });
  const text = () => readFileSync(join(dir, 'worker.log'), 'utf8');
  const lines = () =>
    text()
      .trimEnd()
      .split('\n')
      .map((it) => JSON.parse(it) as object);
  return { log, text, lines, printed };
}

describe('a line', () => {
  test('has one schema, and is in the file when the call returns', () => {
    const { log, lines } = logIn(tempDir());
    log.child({ agent: 'digest' }).warn('job-failed', 'it failed', { job: 'j', attempt: 2, n: 1n });
    expect(lines()).toEqual([
      {
        level: 'warn',
        time: START,
        service: 'worker',
        instance: 'i-1',
        agent: 'digest',
        job: 'j',
        attempt: 2,
        n: '1',
        event: 'job-failed',
        msg: 'it failed',
      },
    ]);
  });

  test('holds no secret, wherever it was said and however it was written', () => {
    const { log, text } = logIn(tempDir());
    log.info('e', 'the key is sw0rd"fish and sw0rd\u200b"fish', {
      nested: { list: ['x sw0rd"fish y', JSON.stringify({ key: 'sw0rd"fish' })] },
      url: `https://h.example/?k=${encodeURIComponent('q+/=&secret')}`,
      basic: Buffer.from('sw0rd"fish').toString('base64'),
      error: new Error('bad key sw0rd"fish', { cause: new Error('q+/=&secret') }),
      'sw0rd"fish': 1,
    });
    expect(text()).not.toMatch(/sw0rd|fish|q\+|secret|q%2B|c3cwcmQ/);
    expect(text().match(/\[redacted\]/g)!.length).toBeGreaterThanOrEqual(8);
  });

  test('holds nothing that stands below the name of a secret', () => {
    const { log, lines } = logIn(tempDir());
    const headers = { Authorization: 'Bearer abc', 'x-api-key': 'def', cookie: ['g'] };
    log.info('e', 'm', { headers, leaseToken: 't', inputTokens: 5, webhookUrl: 'u', apiKey: null });
    expect(lines()[0]).toMatchObject({
      headers: {
        Authorization: '[redacted]',
        'x-api-key': '[redacted]',
        cookie: '[redacted]',
      },
      leaseToken: '[redacted]',
      webhookUrl: '[redacted]',
      inputTokens: 5,
      apiKey: null,
    });
  });

  test('is clean and bounded, whatever a payload says', () => {
    const { log, lines } = logIn(tempDir());
    const deep: Record<string, unknown> = {};
    deep['self'] = deep;
    log.info('e\n\u001b[31mf', '\u001b]0;title\u0007red\u001b[0m', {
      deep,
      big: 'x'.repeat(9_999),
    });
    expect(lines()[0]).toMatchObject({ event: 'e f', msg: 'red' });
    expect(JSON.stringify(lines()[0]).length).toBeLessThan(4_000);
  });

  test('keeps its own names where a payload uses them too', () => {
    const { log, lines } = logIn(tempDir());
    log.info('e', 'm', { level: 'fake', time: 1, msg: 'fake' });
    expect(lines()[0]).toMatchObject({ level: 'info', time: START, msg: 'm', level_: 'fake' });
  });
});

test('verbose copies each line to stderr; closed, nothing is written', () => {
  const { log, text, printed } = logIn(tempDir(), { verbose: true });
  log.info('e', 'm');
  log.debug('too-quiet', 'm');
  expect(printed.join('')).toBe(text());
  log.close();
  log.close();
  log.info('late', 'm');
  expect(text()).not.toContain('late');
});

describe('the file', () => {
  const line = (n: number) => `{"n":${n},"pad":"${'x'.repeat(40)}"}\n`;

  test('is renamed when it is full, and the oldest go', () => {
    const dir = tempDir();
    const clock = manualClock(START);
    const file = openLogFile({ dir, service: 'worker', clock, maxBytes: 100, keep: 2 });
    // Another service's file, which is nobody's to remove here.
    writeFileSync(join(dir, 'worker2.2020-01-01.0001.log'), '');
    for (let n = 0; n < 9; n++) file.write(line(n));
    file.close();
    const names = logFiles(dir, 'worker').map((it) => it.slice(dir.length + 1));
    expect(names).toEqual([
      'worker.2026-01-01.0003.log',
      'worker.2026-01-01.0004.log',
      'worker.log',
    ]);
    const text = names.map((name) => readFileSync(join(dir, name), 'utf8')).join('');
    expect(text.match(/"n":\d/g)).toEqual(['"n":4', '"n":5', '"n":6', '"n":7', '"n":8']);
    expect(readdirSync(dir)).toContain('worker2.2020-01-01.0001.log');
  });

  test('is renamed when its day is over, in this life or the next one', () => {
    const dir = tempDir();
    const clock = manualClock(systemClock.now());
    const day = new Date(clock.now()).toISOString().slice(0, 10);
    const first = openLogFile({ dir, service: 'worker', clock });
    first.write(line(1));
    clock.advance(86_400_000);
    first.write(line(2));
    first.close();
    expect(readFileSync(join(dir, `worker.${day}.0001.log`), 'utf8')).toBe(line(1));
    // The second file was written now, so its day is over for a life that starts tomorrow.
    const next = openLogFile({ dir, service: 'worker', clock });
    next.write(line(3));
    next.close();
    expect(readFileSync(join(dir, `worker.${day}.0002.log`), 'utf8')).toBe(line(2));
    expect(readFileSync(join(dir, 'worker.log'), 'utf8')).toBe(line(3));
  });

  test('that cannot be written is told in the first line that can', () => {
    const dir = join(tempDir(), 'logs');
    const clock = manualClock(START);
    const file = openLogFile({ dir, service: 'worker', clock, maxBytes: 10 });
    file.write(line(1));
    rmSync(dir, { recursive: true });
    file.write(line(2));
    file.write(line(3));
    mkdirSync(dir);
    file.write(line(4));
    file.write(line(5));
    file.close();
    const text = logFiles(dir, 'worker')
      .map((it) => readFileSync(it, 'utf8'))
      .join('');
    expect(text).toContain('"event":"log-lines-lost"');
    expect(text).toContain('"n":5');
  });
});
