import type { Message } from '@nightshift/domain';
import { startDiscord, startNtfy, type DiscordServer, type NtfyServer } from '@nightshift/fakes';
import { manualClock, onCleanup } from '@nightshift/support';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Channel, SendResult } from '../channel.ts';
import { openChannel } from '../channels.ts';
import { post } from '../post.ts';
import { discordChannel } from './discord.ts';
import { ntfyChannel } from './ntfy.ts';

const MESSAGE: Message = {
  title: 'The worker is silent',
  body: 'No beat for 22 s.',
  severity: 'page',
  resolved: false,
  ref: 'inc-1',
  runbook: 'RUNBOOK.md#service-silent',
};
const HOSTILE = `@everyone <@123> [click](http://x.test) **bold** \u202E \u0007 "quoted" \u{1F600}`;
const clock = manualClock('2026-11-22T22:00:00Z');

function failure(result: SendResult) {
  if (result.ok) throw new Error('it was accepted');
  return result.failure;
}

describe('ntfy', () => {
  let server: NtfyServer;
  let channel: Channel;

  beforeEach(async () => {
    server = await startNtfy({ token: 'tk_secret' });
    onCleanup(() => server.close());
    channel = open('tk_secret');
  });

  function open(token: string | null): Channel {
    const options = { name: 'phone', server: server.url, topic: 'topic-secret', token };
    return ntfyChannel(options, post, clock);
  }

  test('a message arrives, and its id is the receipt', async () => {
    const result = await channel.send(MESSAGE);
    const [message] = server.messages();
    expect(result).toEqual({ ok: true, receipt: message?.id });
    expect(message).toMatchObject({
      topic: 'topic-secret',
      title: 'The worker is silent',
      message: 'No beat for 22 s.\nSee RUNBOOK.md#service-silent\nRef inc-1',
      priority: 5,
      tags: ['rotating_light'],
    });
  });

  test('the end of a trouble wakes nobody', async () => {
    await channel.send({ ...MESSAGE, resolved: true });
    expect(server.messages()[0]).toMatchObject({ priority: 3, tags: ['white_check_mark'] });
  });

  test.each([
    ['ASCII', 'x'.repeat(100_000)],
    ['quotes', '"'.repeat(10_000)],
    ['four-byte characters', '\u{1F600}'.repeat(3_000)],
    ['lines', 'a\n'.repeat(5_000)],
  ])('a long text of %s is cut to fit', async (_what, body) => {
    expect((await channel.send({ ...MESSAGE, body })).ok).toBe(true);
    const text = server.messages()[0]?.message ?? '';
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
    expect(text).toMatch(/…\nSee RUNBOOK.md#service-silent\nRef inc-1$/);
    expect(text.isWellFormed()).toBe(true);
  });

  test('control characters do not get through', async () => {
    await channel.send({ ...MESSAGE, title: `a\nb${HOSTILE}`, body: HOSTILE });
    expect(server.messages()[0]?.title).toMatch(/^a b@everyone/);
    // eslint-disable-next-line no-control-regex
    expect(server.messages()[0]?.message).not.toMatch(/[\u0007\u202E]/);
  });

  test('a burst limit waits, and a daily quota parks the channel until midnight UTC', async () => {
    server.script([
      { status: 429, code: 42901, retryAfter: 7 },
      { status: 429, code: 42901 },
    ]);
    const [burst, unnamed] = [await channel.send(MESSAGE), await channel.send(MESSAGE)];
    expect(failure(burst)).toMatchObject({ code: 'rate-limited', retryAfterMs: 7_000 });
    expect(failure(unnamed)).toMatchObject({ permanent: false, retryAfterMs: 10_000 });
    server.script([{ status: 429, code: 42908 }]);
    expect(failure(await channel.send(MESSAGE))).toMatchObject({
      code: 'quota',
      permanent: false,
      parkUntil: Date.UTC(2026, 10, 23),
    });
  });

  test('a wrong token is final, and in no error', async () => {
    const wrong = failure(await open('tk_wrong').send(MESSAGE));
    expect(wrong).toMatchObject({ code: 'refused', permanent: true, channelBroken: true });
    expect(JSON.stringify(wrong)).not.toMatch(/tk_wrong|topic-secret/);
  });

  test('an answer without an id is no receipt', async () => {
    const lying = await ntfyChannel(
      { name: 'p', server: server.url, topic: 't', token: null },
      async () => ({ status: 200, headers: {}, body: '<html>welcome</html>' }),
      clock,
    ).send(MESSAGE);
    expect(failure(lying)).toMatchObject({ code: 'no-receipt', permanent: false });
  });

  test('a server that is down or breaks off is worth another try', async () => {
    server.script([{ status: 500 }, { resetBeforeByte: true }]);
    expect(failure(await channel.send(MESSAGE)).code).toBe('server-error');
    expect(failure(await channel.send(MESSAGE))).toMatchObject({
      code: 'network',
      permanent: false,
    });
    await server.close();
    const down = failure(await channel.send(MESSAGE));
    expect(down).toMatchObject({ code: 'network', message: 'ECONNREFUSED', permanent: false });
  });
});

describe('discord', () => {
  let server: DiscordServer;
  let channel: Channel;

  beforeEach(async () => {
    server = await startDiscord();
    onCleanup(() => server.close());
    channel = discordChannel({ name: 'ops', webhook: server.webhookUrl }, post, clock);
  });

  test('a message arrives, its id is the receipt, and nobody is pinged', async () => {
    const result = await channel.send(MESSAGE);
    const [message] = server.messages();
    expect(result).toEqual({ ok: true, receipt: message?.id });
    expect(message?.mentionsSilenced).toBe(true);
    expect(message?.embeds).toMatchObject([
      { title: 'The worker is silent', footer: { text: 'page · inc-1' } },
    ]);
  });

  test('text of a job stays text', async () => {
    await channel.send({ ...MESSAGE, title: HOSTILE, body: HOSTILE });
    const [message] = server.messages();
    expect(message?.pings).toEqual([]);
    const [embed] = (message?.embeds ?? []) as { title: string; description: string }[];
    expect(embed?.description).toContain('\\[click\\]\\(http://x.test\\) \\*\\*bold\\*\\*');
    expect(embed?.description).toContain('\\@everyone \\<\\@123\\>');
  });

  test.each([
    ['plain', 'x'],
    ['to be escaped', '*'],
    ['of two units', '\u{1F600}'],
  ])('100 KB of text %s fit into one embed', async (_what, unit) => {
    const body = unit.repeat(100_000);
    expect((await channel.send({ ...MESSAGE, title: body, body })).ok).toBe(true);
  });

  test('a rate limit says exactly how long', async () => {
    server.script([{ status: 429, retryAfter: 64.57 }]);
    expect(failure(await channel.send(MESSAGE))).toMatchObject({
      code: 'rate-limited',
      retryAfterMs: 64_570,
      permanent: false,
    });
  });

  test('a deleted webhook is final, and its address in no error', async () => {
    server.script([{ status: 404 }]);
    const gone = failure(await channel.send(MESSAGE));
    expect(gone).toMatchObject({ code: 'unknown-target', permanent: true, channelBroken: true });
    const wrong = server.webhookUrl.replace(/[^/]+$/, 'wrong-token');
    const refused = failure(
      await discordChannel({ name: 'ops', webhook: wrong }, post, clock).send(MESSAGE),
    );
    expect(refused).toMatchObject({ code: 'refused', channelBroken: true });
    expect(JSON.stringify([gone, refused])).not.toMatch(/wrong-token|token-of/);
  });

  test('what a server repeats of the secret is taken out', async () => {
    const webhook = 'http://127.0.0.1:1/api/webhooks/1/hush';
    const echo = discordChannel(
      { name: 'ops', webhook },
      async () => ({
        status: 500,
        headers: {},
        body: JSON.stringify({ message: `cannot reach ${webhook} (hush)` }),
      }),
      clock,
    );
    expect(failure(await echo.send(MESSAGE)).message).toBe(
      'Discord answered 500: cannot reach [secret] ([secret])',
    );
  });
});

describe('openChannel', () => {
  const secret = (ref: { env: string }): string => `value of ${ref.env}`;

  test.each([
    { kind: 'discord', name: 'ops', webhook: { env: 'HOOK' } },
    { kind: 'discord', name: 'ops', webhook: 'hush' },
    { kind: 'ntfy', name: 'ops', server: 'ftp://hush', topic: 'hush', token: null },
  ] as const)('an address that is none is refused without repeating it: %#', (settings) => {
    expect(() => openChannel(settings, secret, clock)).toThrow(
      expect.objectContaining({ code: 'channel-invalid', at: 'alerts.channels.ops' }),
    );
    expect(() => openChannel(settings, secret, clock)).not.toThrow(/hush|value of/);
  });

  test('secrets are looked up by name', async () => {
    const server = await startNtfy({ token: 'value of TOKEN' });
    onCleanup(() => server.close());
    const [topic, token] = ['plain-topic', { env: 'TOKEN' }];
    const settings = { kind: 'ntfy', name: 'phone', server: server.url, topic, token } as const;
    expect((await openChannel(settings, secret, clock).send(MESSAGE)).ok).toBe(true);
  });
});
