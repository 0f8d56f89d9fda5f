import type { Delivery } from '@nightshift/domain';
import { startNtfy } from '@nightshift/fakes';
import { onCleanup, waitUntil } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import { outboxScene, type OutboxScene } from '../test/outbox-scene.ts';

const MIN = 60_000;

let it: OutboxScene;

beforeEach(async () => {
  it = await outboxScene();
});

describe('delivery', () => {
  test('a row is sent once and keeps the receipt', async () => {
    const row = await it.queue();
    const box = it.outbox();
    await box.run();
    await box.run();
    expect(it.titles()).toEqual(['title 1']);
    expect(await it.rowOf(row)).toMatchObject({
      state: 'delivered',
      tries: 1,
      receipt: it.server.messages()[0]?.id,
      deliveredAt: it.clock.now(),
    });
  });

  test('a failure is tried again later, ever rarer, and the delay is said', async () => {
    const row = await it.queue();
    const box = it.outbox();
    it.server.script([{ status: 500, times: 'always' }]);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      await box.run();
      const { nextTryAt } = await it.rowOf(row);
      waits.push(Math.round((nextTryAt - it.clock.now()) / 1_000));
      it.clock.advance(nextTryAt - it.clock.now());
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
    it.server.script([]);
    await box.run();
    expect(await it.rowOf(row)).toMatchObject({ state: 'delivered', tries: 10, lastError: null });
    expect(it.server.messages()[0]?.message).toContain('comes 20 min late');
  });

  test('a channel that fails is tried once in its pause, whatever waits behind it', async () => {
    for (let i = 0; i < 10; i++) await it.queue();
    it.server.script([{ status: 500, times: 'always' }]);
    const box = it.outbox();
    for (let tick = 0; tick < 10; tick++) {
      await box.run();
      it.clock.advance(2_000);
    }
    expect(it.server.requests().length).toBeLessThanOrEqual(4);
    expect(await it.store.pending()).toBe(10);
  });

  test('a rate limit is obeyed to the millisecond, also by the next process', async () => {
    const row = await it.queue();
    it.server.script([{ status: 429, retryAfter: 65 }]);
    await it.outbox().run();
    it.clock.advance(64_999);
    await it.queue();
    await it.outbox().run();
    expect(it.titles()).toEqual([]);
    it.clock.advance(1);
    await it.outbox().run();
    expect((await it.rowOf(row)).state).toBe('delivered');
    expect(it.titles()).toHaveLength(2);
  });

  test('a daily quota parks the channel until midnight UTC', async () => {
    const row = await it.queue();
    it.server.script([{ status: 429, code: 42908 }]);
    const box = it.outbox();
    await box.run();
    expect((await it.rowOf(row)).nextTryAt).toBe(Date.UTC(2026, 10, 23));
    it.clock.stepTo(Date.UTC(2026, 10, 23));
    await box.run();
    expect((await it.rowOf(row)).state).toBe('delivered');
  });

  test('a slow channel does not hold up another', async () => {
    const other = await startNtfy();
    onCleanup(() => other.close());
    it.server.script([{ gate: 'before-headers' }]);
    await it.queue();
    await it.queue({ channel: 'tablet' });
    const box = it.outbox([it.phone(), it.phone('tablet', other.url)]);
    const pass = box.run();
    await other.waitForMessages(1);
    await it.server.waitForHeld(1);
    await it.queue({ channel: 'tablet' });
    // The first pass may still be recording; ticks come again and again.
    const arrived = async (): Promise<boolean> => {
      await box.run();
      return other.messages().length === 2;
    };
    await waitUntil(arrived, { what: 'the second message' });
    expect(it.server.requests()).toHaveLength(1);
    it.server.release();
    await pass;
    expect(it.titles()).toEqual(['title 1']);
  });

  test('a row of a channel that is gone is dropped with the reason', async () => {
    const row = await it.queue({ channel: 'old' });
    await it.outbox().run();
    expect(await it.rowOf(row)).toMatchObject({
      state: 'dropped',
      lastError: 'the channel is not configured any more',
    });
  });

  test('what nobody takes for three days is given up', async () => {
    const row = await it.queue();
    it.server.script([{ status: 500, times: 'always' }]);
    const box = it.outbox();
    await box.run();
    it.clock.advance(72 * 60 * MIN);
    await box.run();
    expect(await it.rowOf(row)).toMatchObject({ state: 'failed' });
  });
});

describe('what a later message says better', () => {
  test('an opening that never left is dropped when the end waits behind it', async () => {
    it.server.script([{ status: 500 }]);
    const open = await it.queue({ incident: 'inc' });
    const box = it.outbox();
    await box.run();
    it.clock.advance(28 * MIN);
    const resolved = await it.queue({ incident: 'inc', kind: 'resolved' });
    await box.run();
    expect(it.titles()).toEqual(['title 2']);
    expect(await it.rowOf(open)).toMatchObject({
      state: 'dropped',
      lastError: 'a later message says it all',
    });
    expect((await it.rowOf(resolved)).state).toBe('delivered');
  });

  test('reminders that pile up in front of a closed door are one', async () => {
    const rows = [await it.queue({ incident: 'inc', kind: 'reminder' })];
    it.clock.advance(MIN);
    rows.push(await it.queue({ incident: 'inc', kind: 'reminder' }));
    await it.outbox().run();
    expect(it.titles()).toEqual(['title 2']);
    expect((await it.rowOf(rows[0]!)).state).toBe('dropped');
  });

  test('another channel is another matter', async () => {
    await it.queue({ incident: 'inc' });
    await it.queue({ incident: 'inc', kind: 'resolved', channel: 'tablet' });
    await it.outbox().run();
    expect(it.titles()).toEqual(['title 1']);
  });
});

describe('the share of an hour', () => {
  test('what is too much goes out as one message, and all of it is delivered', async () => {
    const rows: Delivery[] = [];
    for (let i = 0; i < 30; i++) rows.push(await it.queue());
    const box = it.outbox([it.phone()], it.store, 5);
    await box.run();
    expect(it.server.messages()).toHaveLength(5);
    it.clock.advance(10 * MIN);
    await box.run();
    expect(it.server.messages()).toHaveLength(6);
    expect(it.titles().at(-1)).toBe('25 messages in one');
    expect(
      it.server
        .messages()
        .at(-1)
        ?.message?.match(/^- title \d+$/gm),
    ).toHaveLength(25);
    for (const row of rows) expect((await it.rowOf(row)).state).toBe('delivered');
  });

  test('a page has a share of its own', async () => {
    for (let i = 0; i < 8; i++) await it.queue();
    const box = it.outbox([it.phone()], it.store, 5);
    await box.run();
    const message = { ...(await it.queue()).message, title: 'urgent', severity: 'page' } as const;
    await it.queue({ message });
    await box.run();
    expect(it.titles()).toContain('urgent');
    expect(it.server.messages()).toHaveLength(6);
  });

  test('the next hour is a new one', async () => {
    const box = it.outbox([it.phone()], it.store, 2);
    for (let i = 0; i < 2; i++) await it.queue();
    await box.run();
    it.clock.advance(60 * MIN);
    for (let i = 0; i < 2; i++) await it.queue();
    await box.run();
    expect(it.server.messages()).toHaveLength(4);
  });
});
