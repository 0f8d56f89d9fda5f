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
