import { createHmac } from 'node:crypto';
import type { Message } from '@nightshift/domain';
import { startWeb, type WebServer } from '@nightshift/fakes';
import { manualClock, onCleanup } from '@nightshift/support';
import { beforeEach, expect, test } from 'vitest';
import { post } from '../post.ts';
import { webhookChannel } from './webhook.ts';

const MESSAGE: Message = {
  title: 'The worker is silent',
  body: 'No beat for 22 s.',
  severity: 'page',
  resolved: false,
  ref: 'inc-1',
  runbook: 'RUNBOOK.md#service-silent',
};
const clock = manualClock('2026-11-22T22:00:00Z');
let web: WebServer;

beforeEach(async () => {
  web = await startWeb({ routes: { '/hook': { status: 204, body: '' } } });
  onCleanup(() => web.close());
});

const channel = (secret: string | null) =>
  webhookChannel({ name: 'own', url: `${web.url}/hook`, secret }, post, clock);

test('a receiver can tell who sent it, when, and that nothing was changed', async () => {
  const key = Buffer.from('a key of the receiver');
  const secret = `whsec_${key.toString('base64')}`;
  const result = await channel(secret).send(MESSAGE);
  const [request] = web.requests();
  const id = String(request?.headers['webhook-id']);
  const at = String(request?.headers['webhook-timestamp']);
  expect(Number(at) * 1_000).toBe(clock.now());
  const signed = createHmac('sha256', key).update(`${id}.${at}.${request?.rawBody}`);
  expect(request?.headers['webhook-signature']).toBe(`v1,${signed.digest('base64')}`);
  expect(JSON.parse(request?.rawBody ?? '')).toEqual({ schema: 1, ...MESSAGE });
  expect(result).toEqual({ ok: true, receipt: id });
});

test('a repeated message keeps its id, another one of the same incident does not', async () => {
  const own = channel(null);
  await own.send(MESSAGE);
  await own.send({ ...MESSAGE, body: 'the same, late' });
  await own.send({ ...MESSAGE, title: 'Resolved: The worker is silent', resolved: true });
  const ids = web.requests().map((it) => it.headers['webhook-id']);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
  expect(web.requests()[0]?.headers['webhook-signature']).toBeUndefined();
});

test.each([
  [410, { channelBroken: true }],
  [404, { channelBroken: true }],
  [400, { permanent: true, channelBroken: false }],
  [503, { permanent: false, channelBroken: false }],
])('%i means what it means', async (status, facts) => {
  web.route('/hook', { status, body: `no ${web.url}/hook for you` });
  const result = await channel('hush').send(MESSAGE);
  expect(result).toMatchObject({ ok: false, failure: facts });
  expect(JSON.stringify(result)).not.toMatch(/hush|\/hook/);
});

test('an address that is none is refused without repeating it', () => {
  const open = () =>
    webhookChannel({ name: 'own', url: 'file:///hush', secret: null }, post, clock);
  expect(open).toThrow(expect.objectContaining({ code: 'channel-invalid' }));
  expect(open).not.toThrow(/hush/);
});
