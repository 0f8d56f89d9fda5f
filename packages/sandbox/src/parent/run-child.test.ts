import { existsSync, readdirSync } from 'node:fs';
import type { ChildOutcome } from '@nightshift/domain';
import { isAlive, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { fixture, tryAgent } from '../../test/try-agent.ts';

test('an agent in a child steps, fetches, logs and reports', async () => {
  const trial = await tryAgent(fixture('hello'), { input: { a: 1 } });
  expect(trial.output).toEqual(['stdout: hello from the child', 'stderr: and a red line']);
  expect(trial.outcome).toEqual({ kind: 'done' });
  const first = { got: { a: 1 }, attempt: 1 };
  expect([...trial.steps]).toEqual([
    ['first', first],
    ['page', 'a page'],
  ]);
  expect(trial.requests[0]).toMatchObject({ url: 'http://site.test/a', step: 'page', ordinal: 0 });
  expect(trial.progress).toEqual([{ done: 1, total: 2, note: 'half' }]);
  expect(trial.logs).toEqual([{ level: 'info', message: 'a line', fields: { n: 1 } }]);
  expect(trial.reports).toEqual([{ title: 'Done', body: 'a page\n', data: first, notify: false }]);
});

test.each<[string, ChildOutcome]>([
  ['cancel', { kind: 'cancel', message: 'nothing to do' }],
  ['throw', failed('agent-error', 'went wrong')],
  ['throw-nothing', failed('agent-error', 'the agent threw undefined')],
  ['retry-after', { ...failed('retry-after', 'later'), retryAfterMs: 90_000 } as ChildOutcome],
  ['reject-aside', failed('agent-error', 'nobody waited')],
  ['throw-aside', failed('agent-error', 'thrown aside')],
  ['report-twice', failed('report-twice', 'a job files one report')],
  ['exit', crashed('exited', "the agent's process ended with code 3 before the agent did")],
])('an agent that ends by %s', async (input, outcome) => {
  expect((await tryAgent(fixture('endings'), { input })).outcome).toEqual(outcome);
});

test.each([
  ['broken/throws', 'entry-failed', 'at import'],
  ['broken/no-default', 'entry-no-default', 'no default export'],
  ['broken/not-agent', 'entry-not-agent', 'defineAgent'],
  ['broken/imports-missing', 'entry-failed', 'nowhere.ts'],
  ['broken/reads-outside', 'entry-denied', 'vet.ts'],
  ['broken/picky-input', 'input-invalid', 'a.0: not text'],
  ['broken/not-there', 'entry-missing', 'not-there.ts does not exist'],
])('the entry file %s is a failure with a code', async (name, code, words) => {
  const { outcome } = await tryAgent(fixture(name));
  expect(outcome).toMatchObject({ kind: 'failed', error: { code } });
  expect(outcome).toHaveProperty('error.message', expect.stringContaining(words));
});

test('a busy loop and a child that ignores its abort are dead after the deadline', async () => {
  const limits = { deadlineGraceMs: 50 };
  for (const input of ['busy', 'sleep']) {
    const trial = await tryAgent(fixture('endings'), { input, timeoutMs: 400, run: { limits } });
    expect(trial.outcome).toMatchObject({ kind: 'timeout', error: { code: 'deadline' } });
    expect(isAlive(trial.ref!.pid)).toBe(false);
  }
});

test('an abort from outside is told to the agent, which may end or still finish', async () => {
  const ending = new AbortController();
  const progress = async (): Promise<void> => ending.abort(new Error('drain'));
  const run = { signal: ending.signal };
  const trial = await tryAgent(fixture('endings'), {
    input: 'wait',
    run,
    capabilities: { progress },
  });
  expect(trial.outcome).toEqual({ kind: 'aborted', reason: 'drain' });

  const late = new AbortController();
  const finished = await tryAgent(fixture('endings'), {
    input: 'finish-late',
    run: { signal: late.signal, onStarted: () => queueMicrotask(() => setImmediate(abortLate)) },
  });
  function abortLate(): void {
    late.abort(new Error('drain'));
  }
  expect(['done', 'aborted']).toContain(finished.outcome.kind);
});

test('an attempt that is aborted before it starts runs nothing', async () => {
  const trial = await tryAgent(fixture('hello'), { run: { signal: AbortSignal.abort('halted') } });
  expect(trial.outcome).toEqual({ kind: 'aborted', reason: 'halted' });
  expect(trial.ref).toBeUndefined();
});

test('too much heap and too many buffers end the child with the reason', async () => {
  for (const input of ['heap', 'buffers']) {
    const { outcome } = await tryAgent(fixture('endings'), { input, run: { memoryMb: 32 } });
    expect(outcome).toMatchObject({ kind: 'crashed', error: { code: 'out-of-memory' } });
  }
});

test('output is kept up to a limit, and a flood ends the child', async () => {
  const output = { lineChars: 40, lines: 10, floodBytes: 1_048_576 };
  const limits = { output };
  const lines = await tryAgent(fixture('endings'), { input: 'lines', run: { limits } });
  expect(lines.outcome).toEqual({ kind: 'done' });
  expect(lines.output.slice(-2)).toEqual([
    'stdout: line 9',
    'stdout: output beyond 10 lines is not kept',
  ]);
  const flood = await tryAgent(fixture('endings'), { input: 'flood', run: { limits } });
  expect(flood.outcome).toMatchObject({ kind: 'crashed', error: { code: 'output-flood' } });
});

test('the child is on record before its agent is loaded, and gone when that fails', async () => {
  const scratchRoot = tempDir('scratch');
  let pid = 0;
  const onStarted = (ref: { pid: number }): never => {
    pid = ref.pid;
    throw new Error('the database is locked');
  };
  const trial = tryAgent(fixture('hello'), { run: { onStarted, scratchRoot } });
  await expect(trial).rejects.toThrow('the database is locked');
  expect([isAlive(pid), readdirSync(scratchRoot)]).toEqual([false, []]);
});

test('the scratch folder is gone with what the child left there', async () => {
  const scratchRoot = tempDir('scratch');
  const trial = await tryAgent(fixture('scratch'), { run: { scratchRoot } });
  const { dir } = trial.reports[0]!.data as { dir: string };
  expect(dir.startsWith(scratchRoot)).toBe(true);
  expect([trial.outcome.kind, existsSync(dir)]).toEqual(['done', false]);
});

test('a child has an empty environment and its own process group', async () => {
  const trial = await tryAgent(fixture('scratch'));
  const { env } = trial.reports[0]!.data as { env: string[] };
  expect(env.toSorted()).toEqual(['HOME', 'LANG', 'NODE_ENV', 'TMPDIR', 'TZ']);
});

function failed(code: string, message: string): ChildOutcome {
  return { kind: 'failed', error: { code, message } };
}

function crashed(code: string, message: string): ChildOutcome {
  return { kind: 'crashed', error: { code, message } };
}

test('a preload is readable and gets its settings from its URL', async () => {
  const file = new URL('../../fixtures/preload.mjs?rate=600', import.meta.url);
  const run = { extraExecArgv: [`--import=${file.href}`] };
  const trial = await tryAgent(fixture('preloaded'), { run });
  expect([trial.outcome, trial.reports[0]?.body]).toEqual([{ kind: 'done' }, '600']);
});
