import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { NEVER, chat, chatRequest, openRig, post, reasonOf, textOf } from '../test/rig.ts';

const DUPLICATE = '{"model":"paid","messages":[],"max_tokens":1,"max_tokens":9999999}';

test.each([
  ['a gzip body', gzipSync(JSON.stringify(chat())), 'gzip'],
  ['a body that says it is gzip', Buffer.from(JSON.stringify(chat())), 'gzip'],
  ['a body that says it is br', Buffer.from(JSON.stringify(chat())), 'br'],
  ['a key that stands twice', Buffer.from(DUPLICATE), undefined],
  ['__proto__', Buffer.from('{"model":"paid","__proto__":{"max_tokens":1}}'), undefined],
  ['10 MB', Buffer.from(JSON.stringify(chat({ user: 'x'.repeat(10_000_000) }))), undefined],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), undefined],
  ['an unknown field', Buffer.from(JSON.stringify(chat({ background: true }))), undefined],
] as const)(
  '%s is refused before a byte is sent or a cent is held',
  async (_what, body, coding) => {
    const rig = await openRig();
    const url = `${rig.server.url}/v1/chat/completions`;
    const headers: [string, string][] = [['content-type', 'application/json']];
    if (coding !== undefined) headers.push(['content-encoding', coding]);
    const call = rig.broker.handle(rig.who, post(url, body, { headers }), NEVER);
    expect(await reasonOf(call)).toBe('request-denied');
    expect(rig.server.requests()).toEqual([]);
    expect(await rig.rows()).toEqual([]);
  },
);

test('what is sent is the body as the broker wrote it, whole and with its own length', async () => {
  const rig = await openRig();
  const spaced = JSON.stringify(
    chat({ messages: [{ role: 'user', content: 'Grüße 🌙' }] }),
    null,
    4,
  );
  const request = post(`${rig.server.url}/v1/chat/completions`, Buffer.from(spaced), {
    headers: [
      ['content-type', 'application/json'],
      ['content-length', '7'],
    ],
  });
  await rig.broker.handle(rig.who, request, NEVER).then(textOf);
  const sent = rig.server.requests()[0]!;
  // The framing of the payload means nothing: it never decides what is read.
  expect(sent.headers['content-length']).toBe(String(Buffer.byteLength(sent.rawBody)));
  expect(sent.headers['transfer-encoding']).toBeUndefined();
  expect(JSON.parse(sent.rawBody)).toMatchObject(JSON.parse(spaced) as object);
});

test.each(['dear', 'PAID', 'paid ', 'models/paid', ''])(
  'a payload that asks for model %j at a configured endpoint gets nothing',
  async (model) => {
    const rig = await openRig();
    const reason = await reasonOf(rig.broker.handle(rig.who, chatRequest(rig, { model }), NEVER));
    expect(['model-unknown', 'request-denied']).toContain(reason);
    expect(rig.server.requests()).toEqual([]);
    expect(await rig.rows()).toEqual([]);
  },
);
