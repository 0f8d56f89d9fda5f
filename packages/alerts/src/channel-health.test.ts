import { startDiscord } from '@nightshift/fakes';
import { onCleanup } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import { outboxScene, type OutboxScene } from '../test/outbox-scene.ts';
import { discordChannel } from './channels/discord.ts';
import { post } from './post.ts';

const MIN = 60_000;

let it: OutboxScene;

beforeEach(async () => {
  it = await outboxScene();
});

describe('a channel that is broken', () => {
  test('is said, gets one message an hour, and its messages are given up to the other', async () => {
    const discord = await startDiscord();
    onCleanup(() => discord.close());
    const gone = discordChannel(
      { name: 'ops', webhook: `${discord.url}/api/webhooks/9/gone` },
      post,
      it.clock,
    );
    const box = it.outbox([it.phone(), gone]);
    expect(await box.findings()).toEqual([]);
    const lost = await it.queue({ channel: 'ops' });
    await it.queue();
    await box.run();
    expect(await it.rowOf(lost)).toMatchObject({ state: 'failed' });
    expect(it.titles()).toEqual(['title 2']);
    const [finding] = await box.findings();
    expect(finding).toMatchObject({ key: 'channel-broken:ops', rule: 'channel-broken' });
    expect(finding?.detail).toContain('404');
    await it.queue({ channel: 'ops' });
    it.clock.advance(59 * MIN);
    await box.run();
    expect(discord.requests()).toHaveLength(1);
    // A restart changes nothing about that.
    expect(await it.outbox([it.phone(), gone]).findings()).toHaveLength(1);
  });

  test('keeps its messages when it is the only one, and is well again when one arrives', async () => {
    const row = await it.queue();
    it.server.script([{ status: 404 }]);
    const box = it.outbox();
    await box.run();
    expect(await it.rowOf(row)).toMatchObject({ state: 'queued' });
    expect(await box.findings()).toHaveLength(1);
    it.clock.advance(60 * MIN);
    await box.run();
    expect((await it.rowOf(row)).state).toBe('delivered');
    expect(await box.findings()).toEqual([]);
  });

  test('a test message is tried at once, and fails at once', async () => {
    it.server.script([{ status: 404 }, { status: 404 }]);
    const box = it.outbox();
    await it.queue();
    await box.run();
    const probe = await it.queue({ kind: 'test' });
    await box.run();
    expect(await it.rowOf(probe)).toMatchObject({ state: 'failed', tries: 1 });
    const again = await it.queue({ kind: 'test' });
    await box.run();
    expect((await it.rowOf(again)).state).toBe('delivered');
  });

  test('a message that is refused for itself says nothing about the channel', async () => {
    it.server.script([{ status: 400 }]);
    const refused = await it.queue();
    it.clock.advance(1);
    const next = await it.queue();
    const box = it.outbox();
    await box.run();
    expect((await it.rowOf(refused)).state).toBe('failed');
    expect((await it.rowOf(next)).state).toBe('delivered');
    expect(await box.findings()).toEqual([]);
  });

  test('one that cannot be reached for half an hour is a finding, too', async () => {
    await it.queue();
    it.server.script([{ status: 500, times: 'always' }]);
    const box = it.outbox();
    await box.run();
    it.clock.advance(29 * MIN);
    expect(await box.findings()).toEqual([]);
    it.clock.advance(MIN);
    expect(await box.findings()).toHaveLength(1);
  });
});
