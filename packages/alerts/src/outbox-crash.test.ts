import type { Delivery, WatchStore } from '@nightshift/domain';
import { dying, tempDir } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import { outboxScene, type OutboxScene } from '../test/outbox-scene.ts';
import { watchStore } from '../test/watch-store.ts';

const MIN = 60_000;

let it: OutboxScene;

beforeEach(async () => {
  it = await outboxScene();
});

const WRITES = ['apply', 'updateDelivery', 'remember'] as const;

describe('a process that dies', () => {
  // Writes of one delivery: the claim, the record. Dying at either must lose nothing.
  test.each([
    ['before the claim', 1, 1],
    ['between sending and recording', 2, 2],
  ])('%s', async (_where, nth, messages) => {
    const row = await it.queue();
    await expect(
      it
        .outbox(
          [it.phone()],
          dying(it.store, WRITES, (_method, n) => n === nth),
        )
        .run(),
    ).rejects.toThrow('the process is dead');
    const next = it.outbox();
    await next.run();
    it.clock.advance(MIN);
    await next.run();
    await next.run();
    expect((await it.rowOf(row)).state).toBe('delivered');
    expect(it.server.messages()).toHaveLength(messages);
    // A person can tell the repetition by the reference.
    for (const sent of it.server.messages()) expect(sent.message).toContain('Ref inc-1');
  });

  test('in the middle of a send that failed: nothing is lost, nothing is sent at once', async () => {
    for (const nth of [1, 2, 3]) {
      const row = await it.queue();
      it.server.script([{ status: 500 }]);
      const store = dying(it.store, WRITES, (_method, n) => n === nth);
      await it
        .outbox([it.phone()], store)
        .run()
        .catch(() => undefined);
      it.clock.advance(2 * MIN);
      await it.outbox().run();
      it.clock.advance(2 * MIN);
      await it.outbox().run();
      expect((await it.rowOf(row)).state).toBe('delivered');
    }
    expect(it.server.messages()).toHaveLength(3);
  });

  test('a write that fails after a send, in a process that lives on, repeats nothing', async () => {
    const row = await it.queue();
    let broken = true;
    const flaky = new Proxy(it.store, {
      get: (target, name: keyof WatchStore) => {
        const method = target[name] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          const next = args[1] as Delivery | undefined;
          if (broken && name === 'updateDelivery' && next?.state === 'delivered') {
            broken = false;
            throw new Error('disk full');
          }
          return method.apply(target, args);
        };
      },
    });
    const box = it.outbox([it.phone()], flaky);
    await expect(box.run()).rejects.toThrow('disk full');
    it.clock.advance(MIN);
    await box.run();
    expect(await it.rowOf(row)).toMatchObject({ state: 'delivered' });
    expect(it.server.messages()).toHaveLength(1);
  });

  test('two processes over one store do not send one row twice', async () => {
    const dir = tempDir('two');
    const [one, two] = [await watchStore(it.clock, dir), await watchStore(it.clock, dir)];
    await one.apply([], [await it.queue()]);
    const box = (over: WatchStore) => it.outbox([it.phone()], over);
    await Promise.all([box(one).run(), box(two).run()]);
    expect(it.server.messages()).toHaveLength(1);
  });
});
