import { expect, test } from 'vitest';
import { fixture, tryAgent } from '../../test/try-agent.ts';
import { encodeFrame, encodeMessage, FRAME } from './frame.ts';

const nothing = Buffer.alloc(0);
const hex = (...frames: Buffer[]): string => Buffer.concat(frames).toString('hex');
const http = { method: 'GET', url: 'http://x.test/', headers: [], step: '', ordinal: 0 };
const call = (id: number, bodyBytes = 0): Buffer[] =>
  encodeMessage(FRAME.call, id, { method: 'http', params: { ...http, bodyBytes } });

test.each([
  ['garbage', 'deadbeef00000000deadbeef'],
  ['a length of 4 GB', 'ffffffff0300000001'],
  ['a length that is too short', '0000000403000000'],
  ['an unknown type', hex(Buffer.from('000000056300000001', 'hex'))],
  ['JSON that is not', hex(encodeFrame(FRAME.call, 1, Buffer.from('{"a":')))],
  ['an unknown method', hex(...encodeMessage(FRAME.call, 1, { method: 'spawn', params: {} }))],
  ['a second hello', hex(...encodeMessage(FRAME.hello, 0, { protocol: 1 }))],
  ['a frame of the parent', hex(...encodeMessage(FRAME.result, 1, null))],
  ['bytes for no call', hex(encodeFrame(FRAME.data, 900, nothing))],
  ['a call id twice', hex(...call(901), ...call(901))],
  ['a body longer than said', hex(...call(901, 1), encodeFrame(FRAME.data, 901, Buffer.alloc(2)))],
  ['a body of 1 GB', hex(...call(901, 2 ** 30))],
  ['33 requests at once', hex(...Array.from({ length: 33 }, (_, i) => call(901 + i)).flat())],
  ['an endless message', hex(encodeFrame(FRAME.call, 901, Buffer.alloc(1_048_576, 32), true)), 9],
  ['an interrupted message', hex(encodeFrame(FRAME.call, 901, nothing, true), ...call(902))],
])('a child that writes %s is ended, and only it', async (_, bytes, repeat = 1) => {
  const input = { hex: bytes, repeat };
  const hang = (): Promise<never> => new Promise(() => undefined);
  const { outcome } = await tryAgent(fixture('hostile-frames'), { input, http: hang });
  expect(outcome).toMatchObject({ kind: 'crashed', error: { code: 'bad-frame' } });
});
