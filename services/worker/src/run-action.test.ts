import { createActions } from '@nightshift/broker';
import type { ActionSettings } from '@nightshift/domain';
import { openStore, textHash } from '@nightshift/store';
import { manualClock, memoryDir, onCleanup, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { definitionHash } from './drafting.ts';
import { runAction } from './run-action.ts';
import { Running } from './running.ts';

const PERSON = { kind: 'person', name: 'tester' } as const;
const HOOK: ActionSettings = { kind: 'webhook-post', url: 'https://hooks.test/x', expiresMs: 1e9 };

/** A worker that has just claimed the execution of an approved draft; no name is ever found. */
async function approved() {
  const clock = manualClock();
  const store = await openStore({ stateDir: memoryDir('action'), clock, mode: 'create' });
  onCleanup(() => store.close());
  const claim = async (job: string): Promise<Running> => {
    const leaseUntil = clock.now() + 60_000;
    const wish = { job, instance: 'w', leaseUntil, maxRunningOfAgent: 1, source: null };
    const won = (await store.jobs.claim(wish))!;
    return new Running(won.job, won.fence, leaseUntil);
  };
  const asks = { key: 'k', agent: 'a', input: null, maxAttempts: 1 };
  const { job } = await store.jobs.enqueue(asks, PERSON);
  const { fence } = await claim(job!.id);
  const looked: string[] = [];
  const actions = createActions({
    endpoints: [],
    stopFile: () => false,
    secret: () => null,
    clock,
    userAgent: 'nightshift/test',
    protect: [],
    resolve: (name) => {
      looked.push(name);
      return new Promise(() => undefined);
    },
  });
  const { text, exact } = actions.target(HOOK);
  const draft = await store.drafts.file(fence, {
    action: 'hook',
    args: '{}',
    argsHash: textHash('{}'),
    definitionHash: definitionHash(HOOK),
    target: text,
    targetHash: textHash(exact),
    expiresAt: clock.now() + 1e9,
  });
  const word = await store.drafts.approve(draft!.id, draft!, PERSON);
  if (word.kind !== 'decided') throw new Error(word.kind);
  const running = await claim(word.draft.execution!);
  const parts = { drafts: store.drafts, actions, definitions: { hook: HOOK }, clock };
  return { running, parts, looked, state: async () => (await store.drafts.get(draft!.id))?.state };
}

test('a halt while its receiver is looked up gives the job back, and the approval stands', async () => {
  const { running, parts, looked, state } = await approved();
  const settlement = runAction(parts, running);
  await waitUntil(() => looked.includes('hooks.test'), { what: 'the receiver to be looked up' });
  running.abort('halted');
  expect(await settlement).toEqual({ kind: 'returned', reason: 'halted' });
  expect(await state()).toBe('approved');
});
