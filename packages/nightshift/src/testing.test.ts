import { expect, test } from 'vitest';
import { Cancel, defineAgent } from './agent.ts';
import { testAgent } from './testing.ts';

const agent = defineAgent(async (ctx, input) => {
  const page = await ctx.step('page', async () => (await ctx.fetch('http://a.test/')).text());
  ctx.progress(1, 1, 'done');
  ctx.log.warn('slow', { ms: 9 });
  await ctx.report({ title: page, body: JSON.stringify(input), data: ctx.previous?.data ?? null });
});

test('an agent runs without a database and returns what it did', async () => {
  const run = await testAgent(agent, {
    input: { a: 1 },
    fetch: async () => new Response('hello'),
    previous: { at: new Date(0), data: 'before' },
  });
  expect(run).toEqual({
    reports: [{ title: 'hello', body: '{"a":1}', data: 'before', notify: false }],
    drafts: [],
    progress: [{ done: 1, total: 1, note: 'done' }],
    logs: [{ level: 'warn', message: 'slow', fields: { ms: 9 } }],
    steps: { page: 'hello' },
  });
});

test('a completed step is not run again, and nothing is fetched unless the test answers', async () => {
  const run = await testAgent(agent, { steps: { page: 'stored' } });
  expect(run.reports[0]!.title).toBe('stored');
  await expect(testAgent(agent)).rejects.toMatchObject({ code: 'no-fetch' });
});

test('the rules are the real ones', async () => {
  const twice = defineAgent(async (ctx) => {
    await ctx.step('same', () => 1);
    await ctx.step('same', () => 2);
  });
  await expect(testAgent(twice)).rejects.toMatchObject({ code: 'step-duplicate' });
  const date = defineAgent((ctx) => ctx.step('date', () => new Date(0)).then(() => undefined));
  await expect(testAgent(date)).rejects.toThrow(
    'the result of step "date" is not JSON: found a Date',
  );
  const reports = defineAgent(async (ctx) => {
    await ctx.report({ title: 'a', body: '' });
    await ctx.report({ title: 'b', body: '' });
  });
  await expect(testAgent(reports)).rejects.toMatchObject({ code: 'report-twice' });
});

test('what an agent throws arrives, and its input is checked', async () => {
  const cancels = defineAgent(() => {
    throw new Cancel('nothing new');
  });
  await expect(testAgent(cancels)).rejects.toBeInstanceOf(Cancel);
  const input = { parse: (it: unknown) => String(it).toUpperCase() };
  const loud = defineAgent({ input, run: (ctx, text) => ctx.report({ title: text, body: '' }) });
  expect((await testAgent(loud, { input: 'x' })).reports[0]!.title).toBe('X');
});

test('a model is asked for by alias, and an extra one is an error', async () => {
  const asks = defineAgent(async (ctx) => void ctx.model('smart'));
  await expect(testAgent(asks)).rejects.toMatchObject({ code: 'model-unknown' });
  const aliases: string[] = [];
  const model = (alias: string): never => aliases.push(alias) as never;
  await testAgent(asks, { model });
  expect(aliases).toEqual(['smart']);
});
