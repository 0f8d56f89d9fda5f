import type { Delivery, Message, WatchStore } from '@nightshift/domain';
import { startDiscord, startNtfy, type NtfyServer } from '@nightshift/fakes';
import { manualClock, onCleanup, tempDir, waitUntil, type ManualClock } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import { dyingStore, watchStore } from '../test/watch-store.ts';
import type { Channel } from './channel.ts';
import { discordChannel } from './channels/discord.ts';
import { ntfyChannel } from './channels/ntfy.ts';
import { testDelivery } from './delivery.ts';
import { Outbox } from './outbox.ts';
import { post } from './post.ts';

const MIN = 60_000;

let clock: ManualClock;
let store: WatchStore;
let server: NtfyServer;
let serial: number;

beforeEach(async () => {
  serial = 0;
  clock = manualClock('2026-11-22T12:00:00Z');
  store = await watchStore(clock);
  server = await startNtfy();
  onCleanup(() => server.close());
});

function phone(name = 'phone', url = server.url): Channel {
  return ntfyChannel({ name, server: url, topic: 't', token: null }, post, clock);
}

/** Without jitter's chance: always the whole of the ceiling. */
function outbox(channels: readonly Channel[] = [phone()], over = store, perHour = 20): Outbox {
  return new Outbox({ store: over, channels, clock, random: () => 0.999, perHour });
}

async function queue(part: Partial<Delivery> & { message?: Message } = {}): Promise<Delivery> {
  serial += 1;
  const incident = part.incident ?? `inc-${serial}`;
  const message: Message = {
    title: `title ${serial}`,
    body: 'body',
    severity: 'warn',
    resolved: part.kind === 'resolved',
    ref: incident,
    runbook: null,
  };
  const row: Delivery = {
    ...testDelivery('phone', message, clock),
    kind: 'open',
    ...part,
    incident,
  };
  await store.apply([], [row]);
  return row;
}

async function rowOf(row: Delivery): Promise<Delivery> {
  const rows = await store.deliveriesOf(row.incident);
  const found = rows.find((it) => it.id === row.id);
  if (found === undefined) throw new Error(`no row ${row.id}`);
  return found;
}

const titles = (): readonly (string | undefined)[] => server.messages().map((it) => it.title);

describe('delivery', () => {
  test('a row is sent once and keeps the receipt', async () => {
    const row = await queue();
    const box = outbox();
    await box.run();
    await box.run();
    expect(titles()).toEqual(['title 1']);
    expect(await rowOf(row)).toMatchObject({
      state: 'delivered',
      tries: 1,
      receipt: server.messages()[0]?.id,
      deliveredAt: clock.now(),
    });
  });

  test('a failure is tried again later, ever rarer, and the delay is said', async () => {
    const row = await queue();
    const box = outbox();
    server.script([{ status: 500, times: 'always' }]);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      await box.run();
      const { nextTryAt } = await rowOf(row);
      waits.push(Math.round((nextTryAt - clock.now()) / 1_000));
      clock.advance(nextTryAt - clock.now());
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
    server.script([]);
    await box.run();
    expect(await rowOf(row)).toMatchObject({ state: 'delivered', tries: 10, lastError: null });
    expect(server.messages()[0]?.message).toContain('comes 20 min late');
  });

  test('a channel that fails is tried once in its pause, whatever waits behind it', async () => {
    for (let i = 0; i < 10; i++) await queue();
    server.script([{ status: 500, times: 'always' }]);
    const box = outbox();
    for (let tick = 0; tick < 10; tick++) {
      await box.run();
      clock.advance(2_000);
    }
    expect(server.requests().length).toBeLessThanOrEqual(4);
    expect(await store.pending()).toBe(10);
  });

  test('a rate limit is obeyed to the millisecond, also by the next process', async () => {
    const row = await queue();
    server.script([{ status: 429, retryAfter: 65 }]);
    await outbox().run();
    clock.advance(64_999);
    await queue();
    await outbox().run();
    expect(titles()).toEqual([]);
    clock.advance(1);
    await outbox().run();
    expect((await rowOf(row)).state).toBe('delivered');
    expect(titles()).toHaveLength(2);
  });

  test('a daily quota parks the channel until midnight UTC', async () => {
    const row = await queue();
    server.script([{ status: 429, code: 42908 }]);
    const box = outbox();
    await box.run();
    expect((await rowOf(row)).nextTryAt).toBe(Date.UTC(2026, 10, 23));
    clock.stepTo(Date.UTC(2026, 10, 23));
    await box.run();
    expect((await rowOf(row)).state).toBe('delivered');
  });

  test('a slow channel does not hold up another', async () => {
    const other = await startNtfy();
    onCleanup(() => other.close());
    server.script([{ gate: 'before-headers' }]);
    await queue();
    await queue({ channel: 'tablet' });
    const box = outbox([phone(), phone('tablet', other.url)]);
    const pass = box.run();
    await other.waitForMessages(1);
    await server.waitForHeld(1);
    await queue({ channel: 'tablet' });
    // The first pass may still be recording; ticks come again and again.
    const arrived = async (): Promise<boolean> => {
      await box.run();
      return other.messages().length === 2;
    };
    await waitUntil(arrived, { what: 'the second message' });
    expect(server.requests()).toHaveLength(1);
    server.release();
    await pass;
    expect(titles()).toEqual(['title 1']);
  });

  test('a row of a channel that is gone is dropped with the reason', async () => {
    const row = await queue({ channel: 'old' });
    await outbox().run();
    expect(await rowOf(row)).toMatchObject({
      state: 'dropped',
      lastError: 'the channel is not configured any more',
    });
  });

  test('what nobody takes for three days is given up', async () => {
    const row = await queue();
    server.script([{ status: 500, times: 'always' }]);
    const box = outbox();
    await box.run();
    clock.advance(72 * 60 * MIN);
    await box.run();
    expect(await rowOf(row)).toMatchObject({ state: 'failed' });
  });
});

describe('a process that dies', () => {
  // Writes of one delivery: the claim, the record. Dying at either must lose nothing.
  test.each([
    ['before the claim', 1, 1],
    ['between sending and recording', 2, 2],
  ])('%s', async (_where, nth, messages) => {
    const row = await queue();
    await expect(
      outbox(
        [phone()],
        dyingStore(store, (_m, n) => n === nth),
      ).run(),
    ).rejects.toThrow('the process is dead');
    const next = outbox();
    await next.run();
    clock.advance(MIN);
    await next.run();
    await next.run();
    expect((await rowOf(row)).state).toBe('delivered');
    expect(server.messages()).toHaveLength(messages);
    // A person can tell the repetition by the reference.
    for (const it of server.messages()) expect(it.message).toContain('Ref inc-1');
  });

  test('in the middle of a send that failed: nothing is lost, nothing is sent at once', async () => {
    for (const nth of [1, 2, 3]) {
      const row = await queue();
      server.script([{ status: 500 }]);
      const dying = dyingStore(store, (_m, n) => n === nth);
      await outbox([phone()], dying)
        .run()
        .catch(() => undefined);
      clock.advance(2 * MIN);
      await outbox().run();
      clock.advance(2 * MIN);
      await outbox().run();
      expect((await rowOf(row)).state).toBe('delivered');
    }
    expect(server.messages()).toHaveLength(3);
  });

  test('a write that fails after a send, in a process that lives on, repeats nothing', async () => {
    const row = await queue();
    let broken = true;
    const flaky = new Proxy(store, {
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
    const box = outbox([phone()], flaky);
    await expect(box.run()).rejects.toThrow('disk full');
    clock.advance(MIN);
    await box.run();
    expect(await rowOf(row)).toMatchObject({ state: 'delivered' });
    expect(server.messages()).toHaveLength(1);
  });

  test('two processes over one store do not send one row twice', async () => {
    const dir = tempDir('two');
    store = await watchStore(clock, dir);
    const second = await watchStore(clock, dir);
    await queue();
    await Promise.all([outbox().run(), outbox([phone()], second).run()]);
    expect(server.messages()).toHaveLength(1);
  });
});

describe('what a later message says better', () => {
  test('an opening that never left is dropped when the end waits behind it', async () => {
    server.script([{ status: 500 }]);
    const open = await queue({ incident: 'inc' });
    const box = outbox();
    await box.run();
    clock.advance(28 * MIN);
    const resolved = await queue({ incident: 'inc', kind: 'resolved' });
    await box.run();
    expect(titles()).toEqual(['title 2']);
    expect(await rowOf(open)).toMatchObject({
      state: 'dropped',
      lastError: 'a later message says it all',
    });
    expect((await rowOf(resolved)).state).toBe('delivered');
  });

  test('reminders that pile up in front of a closed door are one', async () => {
    const rows = [await queue({ incident: 'inc', kind: 'reminder' })];
    clock.advance(MIN);
    rows.push(await queue({ incident: 'inc', kind: 'reminder' }));
    await outbox().run();
    expect(titles()).toEqual(['title 2']);
    expect((await rowOf(rows[0]!)).state).toBe('dropped');
  });

  test('another channel is another matter', async () => {
    await queue({ incident: 'inc' });
    await queue({ incident: 'inc', kind: 'resolved', channel: 'tablet' });
    await outbox().run();
    expect(titles()).toEqual(['title 1']);
  });
});

describe('a channel that is broken', () => {
  test('is said, gets one message an hour, and its messages are given up to the other', async () => {
    const discord = await startDiscord();
    onCleanup(() => discord.close());
    const gone = discordChannel(
      { name: 'ops', webhook: `${discord.url}/api/webhooks/9/gone` },
      post,
      clock,
    );
    const box = outbox([phone(), gone]);
    expect(await box.findings()).toEqual([]);
    const lost = await queue({ channel: 'ops' });
    await queue();
    await box.run();
    expect(await rowOf(lost)).toMatchObject({ state: 'failed' });
    expect(titles()).toEqual(['title 2']);
    const [finding] = await box.findings();
    expect(finding).toMatchObject({ key: 'channel-broken:ops', rule: 'channel-broken' });
    expect(finding?.detail).toContain('404');
    await queue({ channel: 'ops' });
    clock.advance(59 * MIN);
    await box.run();
    expect(discord.requests()).toHaveLength(1);
    // A restart changes nothing about that.
    expect(await outbox([phone(), gone]).findings()).toHaveLength(1);
  });

  test('keeps its messages when it is the only one, and is well again when one arrives', async () => {
    const row = await queue();
    server.script([{ status: 404 }]);
    const box = outbox();
    await box.run();
    expect(await rowOf(row)).toMatchObject({ state: 'queued' });
    expect(await box.findings()).toHaveLength(1);
    clock.advance(60 * MIN);
    await box.run();
    expect((await rowOf(row)).state).toBe('delivered');
    expect(await box.findings()).toEqual([]);
  });

  test('a test message is tried at once, and fails at once', async () => {
    server.script([{ status: 404 }, { status: 404 }]);
    const box = outbox();
    await queue();
    await box.run();
    const probe = await queue({ kind: 'test' });
    await box.run();
    expect(await rowOf(probe)).toMatchObject({ state: 'failed', tries: 1 });
    const again = await queue({ kind: 'test' });
    await box.run();
    expect((await rowOf(again)).state).toBe('delivered');
  });

  test('a message that is refused for itself says nothing about the channel', async () => {
    server.script([{ status: 400 }]);
    const refused = await queue();
    clock.advance(1);
    const next = await queue();
    const box = outbox();
    await box.run();
    expect((await rowOf(refused)).state).toBe('failed');
    expect((await rowOf(next)).state).toBe('delivered');
    expect(await box.findings()).toEqual([]);
  });

  test('one that cannot be reached for half an hour is a finding, too', async () => {
    await queue();
    server.script([{ status: 500, times: 'always' }]);
    const box = outbox();
    await box.run();
    clock.advance(29 * MIN);
    expect(await box.findings()).toEqual([]);
    clock.advance(MIN);
    expect(await box.findings()).toHaveLength(1);
  });
});

describe('the share of an hour', () => {
  test('what is too much goes out as one message, and all of it is delivered', async () => {
    const rows: Delivery[] = [];
    for (let i = 0; i < 30; i++) rows.push(await queue());
    const box = outbox([phone()], store, 5);
    await box.run();
    expect(server.messages()).toHaveLength(5);
    clock.advance(10 * MIN);
    await box.run();
    expect(server.messages()).toHaveLength(6);
    expect(titles().at(-1)).toBe('25 messages in one');
    expect(server.messages().at(-1)?.message).toContain('- title 30');
    for (const row of rows) expect((await rowOf(row)).state).toBe('delivered');
  });

  test('a page has a share of its own', async () => {
    for (let i = 0; i < 8; i++) await queue();
    const box = outbox([phone()], store, 5);
    await box.run();
    const message = { ...(await queue()).message, title: 'urgent', severity: 'page' } as const;
    await queue({ message });
    await box.run();
    expect(titles()).toContain('urgent');
    expect(server.messages()).toHaveLength(6);
  });

  test('the next hour is a new one', async () => {
    const box = outbox([phone()], store, 2);
    for (let i = 0; i < 2; i++) await queue();
    await box.run();
    clock.advance(60 * MIN);
    for (let i = 0; i < 2; i++) await queue();
    await box.run();
    expect(server.messages()).toHaveLength(4);
  });
});
