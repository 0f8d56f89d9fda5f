import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiscordServer } from './index.ts';
import { startDiscord } from './index.ts';

let discord: DiscordServer;

beforeEach(async () => {
  discord = await startDiscord();
});

afterEach(async () => {
  await discord.close();
});

function post(body: unknown, address = `${discord.webhookUrl}?wait=true`): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(address, { method: 'POST', body: JSON.stringify(body), headers });
}

describe('a post', () => {
  test('is answered with the message when it waits, with nothing otherwise', async () => {
    const receipt = await (await post({ content: 'hello' })).json();
    const silent = await post({ content: 'again' }, discord.webhookUrl);
    expect(silent.status).toBe(204);
    expect(silent.headers.has('content-length')).toBe(false);
    const [first, second] = discord.messages();
    expect(receipt).toMatchObject({ id: first?.id, content: 'hello', embeds: [] });
    expect(first?.id).toMatch(/^\d{17,20}$/u);
    expect(second).toMatchObject({ content: 'again' });
    expect(second?.id).not.toBe(first?.id);
    expect(await (await fetch(`${discord.url}/__messages`)).json()).toEqual(discord.messages());
  });

  test('may name the version of the API', async () => {
    const address = discord.webhookUrl.replace('/api/', '/api/v10/');
    expect((await post({ embeds: [{ title: 'x' }] }, address)).status).toBe(204);
  });

  test('tells whom it would notify', async () => {
    const content = '@everyone <@1> <@&2>';
    await post({ content });
    await post({ content, allowed_mentions: { parse: [] } });
    await post({ content, allowed_mentions: { parse: ['users'] } });
    await post({ content, allowed_mentions: { parse: [], roles: ['2'] } });
    await post({ embeds: [{ description: content }] });
    const seen = discord.messages().map((m) => [m.mentionsSilenced, m.pings.join()]);
    expect(seen).toEqual([
      [false, 'everyone,roles,users'],
      [true, ''],
      [false, 'users'],
      [false, 'roles'],
      [false, ''],
    ]);
  });

  const text = (length: number): string => 'x'.repeat(length);
  const many = (count: number): object[] => Array.from({ length: count }, () => ({ title: 'x' }));

  test.each([
    ['no text', {}, 50006, 'message'],
    ['blank text', { content: ' \n' }, 50006, 'message'],
    ['a number as text', { content: 7 }, 50035, 'errors.content._errors'],
    ['2,001 characters', { content: text(2001) }, 50035, 'errors.content._errors'],
    ['11 embeds', { embeds: many(11) }, 50035, 'errors.embeds._errors'],
    ['a long title', { embeds: [{ title: text(257) }] }, 50035, 'errors.embeds.0.title._errors'],
    [
      'a long description',
      { embeds: [{ description: text(4097) }] },
      50035,
      'errors.embeds.0.description._errors',
    ],
    [
      'a field without a value',
      { embeds: [{ fields: [{ name: 'x' }] }] },
      50035,
      'errors.embeds.0.fields.0.value._errors',
    ],
    [
      'a field too long',
      { embeds: [{ fields: [{ name: 'x', value: text(1025) }] }] },
      50035,
      'errors.embeds.0.fields.0.value._errors',
    ],
    [
      '6,001 characters in all',
      { embeds: [{ description: text(4096) }, { description: text(1905) }] },
      50035,
      'errors.embeds._errors',
    ],
  ])('with %s is refused', async (_, body, code, path) => {
    const response = await post(body);
    const answer: unknown = await response.json();
    expect(response.status).toBe(400);
    expect(answer).toHaveProperty('code', code);
    expect(answer).toHaveProperty(path);
    expect(discord.messages()).toEqual([]);
  });

  test('at every limit at once is taken', async () => {
    const embeds = [{ title: text(256), description: text(4096) }, { description: text(1648) }];
    expect((await post({ content: text(2000), embeds })).status).toBe(200);
  });

  test('to a webhook that does not exist, or with a wrong token, is refused', async () => {
    const gone = await post({ content: 'x' }, `${discord.url}/api/webhooks/1/t`);
    expect([gone.status, await gone.json()]).toMatchObject([404, { code: 10015 }]);
    const wrong = await post({ content: 'x' }, `${discord.webhookUrl}x`);
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { code: 50027 }]);
  });
});

describe('a fault', () => {
  test('is a rate limit, exact in the body and rounded up in the header', async () => {
    discord.script([{ status: 429, retryAfter: 64.57 }]);
    const response = await post({ content: 'x' });
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('65');
    expect(await response.json()).toMatchObject({ retry_after: 64.57, global: false });
    expect((await post({ content: 'x' })).status).toBe(200);
  });

  test('is a webhook that was deleted, or a broken server', async () => {
    discord.script([{ status: 500 }, { status: 404, times: 'always' }]);
    expect((await post({ content: 'x' })).status).toBe(500);
    expect(await (await post({ content: 'x' })).json()).toMatchObject({ code: 10015 });
    expect((await post({ content: 'x' })).status).toBe(404);
    expect(discord.messages()).toEqual([]);
  });

  test('can lose only the answer', async () => {
    discord.script([{ resetBeforeByte: true, accepted: true }]);
    await expect(post({ content: 'x' })).rejects.toThrow('fetch failed');
    await discord.waitForMessages(1);
    expect(discord.messages()).toHaveLength(1);
  });
});
