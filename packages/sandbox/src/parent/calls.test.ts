import { createHash } from 'node:crypto';
import type { HttpRequest, Json } from '@nightshift/domain';
import { RefusedError } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { fixture, textResponse, tryAgent } from '../../test/try-agent.ts';

test.each([
  ['nested', 'step-nested', 'step "inner" is inside step "outer"'],
  ['duplicate', 'step-duplicate', 'step "same" was already run'],
  ['not-json', 'not-json', 'the result of step "map".deep[0] is not JSON: found a Map'],
])('a %s step is an error that names it', async (input, code, words) => {
  const { outcome } = await tryAgent(fixture('steps'), { input });
  expect(outcome).toMatchObject({ kind: 'failed', error: { code } });
  expect(outcome).toHaveProperty('error.message', expect.stringContaining(words));
});

test('requests are numbered in their step, also in steps side by side', async () => {
  const { requests } = await tryAgent(fixture('steps'), { input: 'calls' });
  const seen = requests.map(({ step, ordinal }) => `${step}:${ordinal}`);
  expect(seen.toSorted()).toEqual([':0', ':1', 'a:0', 'a:1', 'b:0']);
});

test('a completed step returns what was stored and does not run', async () => {
  const steps = new Map<string, Json>([['stored', 41]]);
  const { reports } = await tryAgent(fixture('steps'), { input: 'resumed', steps });
  expect(reports[0]!.data).toEqual({ value: 41, ran: 0 });
});

test('large bodies pass both ways unchanged', async () => {
  const upload = 9_000_001;
  const sent = createHash('sha256').update(Buffer.alloc(upload, 'ab')).digest('hex');
  const http = async (request: HttpRequest) => ({
    status: 201,
    headers: [['content-type', 'x/y']] as const,
    body: slices(request.body),
  });
  const trial = await tryAgent(fixture('bodies'), { input: { upload }, http });
  expect(trial.reports[0]!.data).toEqual({
    status: 201,
    url: 'http://site.test/',
    type: 'x/y',
    bytes: upload,
    several: true,
    sha256: sent,
  });
});

test('a child that does not read its answer stops the sender', async () => {
  const mebibyte = Buffer.alloc(1_048_576);
  let made = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      made += 1;
      yield mebibyte;
    }
  }
  const http = async () => ({ status: 200, headers: [], body: endless() });
  // The agent reports once it has the head of its answer, and never reads the rest.
  const ending = new AbortController();
  const report = async (): Promise<void> => ending.abort(new Error('enough'));
  const run = { signal: ending.signal, limits: { abortGraceMs: 200 } };
  const input = { upload: 0, leave: true };
  const trial = await tryAgent(fixture('bodies'), { input, http, run, capabilities: { report } });
  expect([trial.outcome.kind, made]).toEqual(['aborted', 1]);
});

test('a request is taken back by its signal and by leaving its body', async () => {
  const aborted: string[] = [];
  const http = async (request: HttpRequest, signal: AbortSignal) => {
    const path = new URL(request.url).pathname;
    signal.addEventListener('abort', () => aborted.push(path));
    if (path === '/hang')
      await new Promise((_, reject) => signal.addEventListener('abort', reject));
    if (path !== '/endless') return textResponse('third');
    return { status: 200, headers: [], body: slices(Buffer.alloc(5_000_000)) };
  };
  const trial = await tryAgent(fixture('abort-fetch'), { http });
  expect(trial.reports[0]?.data).toEqual(['AbortError', 'part of true', 'third']);
  expect(aborted).toContain('/endless');
});

test.each([
  ['pass', 'failed', 'refused'],
  ['wrap', 'failed', 'refused'],
  ['other', 'failed', 'agent-error'],
])('a refusal that the agent lets %s is in the outcome', async (input, kind, code) => {
  const { outcome, reports } = await tryAgent(fixture('refused'), { input, http: refuse });
  expect(outcome).toMatchObject({ kind, error: { code }, refusal: { reason: 'host-denied' } });
  expect(reports[0]!.data).toEqual({ code: 'refused', reason: 'host-denied' });
});

test('an agent may live with a refusal', async () => {
  const { outcome } = await tryAgent(fixture('refused'), { input: 'swallow', http: refuse });
  expect(outcome).toEqual({ kind: 'done' });
});

async function refuse(): Promise<never> {
  throw new RefusedError({ reason: 'host-denied', message: 'denied.test is not allowed' });
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}
