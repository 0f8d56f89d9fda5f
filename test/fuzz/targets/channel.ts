import { Duplex } from 'node:stream';
import fc from 'fast-check';
import type { Capabilities } from '@nightshift/domain';
import {
  BadFrame,
  encodeFrame,
  FRAME,
  FRAME_MAX_BYTES,
} from '../../../packages/sandbox/src/channel/frame.ts';
import { Pipe } from '../../../packages/sandbox/src/channel/pipe.ts';
import { CallServer } from '../../../packages/sandbox/src/parent/call-server.ts';
import { bytesOnce } from '../../../packages/broker/src/body.ts';
import { requireHarmless } from '../harmless.ts';
import { cuts, mutatedText, pieces } from '../mutate.ts';
import { defineTarget } from '../target.ts';

/** Messages of a child that keeps to the protocol, nearly. */
const CALLS = [
  '{"protocol":1}',
  '{"method":"stepResult","params":{"name":"a"}}',
  '{"method":"completeStep","params":{"name":"a","result":{"b":[1,2,{"c":null}]}}}',
  '{"method":"report","params":{"title":"t","body":"b","data":{},"notify":false}}',
  '{"method":"draft","params":{"action":"post","args":{"x":1}}}',
  '{"method":"progress","params":{"done":1,"total":2,"note":"half"}}',
  '{"method":"log","params":{"level":"info","message":"hello","fields":{"a":1}}}',
  '{"method":"denied","params":{"permission":"net","resource":"x:1","count":3}}',
  '{"method":"http","params":{"method":"POST","url":"https://a.test/v1","headers":[["a","b"]],"step":"s","ordinal":0,"bodyBytes":3}}',
  '{"bytes":65536}',
  '{"kind":"done"}',
  '{"kind":"failed","code":"broken","message":"it broke","retryAfterMs":1000}',
];

interface Sent {
  readonly type: number;
  readonly id: number;
  readonly more: boolean;
  readonly payload: Uint8Array;
}

const payload = fc.oneof(
  {
    weight: 6,
    arbitrary: mutatedText(CALLS).map((it) => new Uint8Array(Buffer.from(it.slice(0, 4_000)))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);
const sent: fc.Arbitrary<Sent> = fc.record({
  type: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...Object.values(FRAME)) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
  ),
  id: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(0xffff_ffff)),
  more: fc.boolean(),
  payload,
});
const garbage = fc.uint8Array({ maxLength: 40 });

const HELLO = encodeFrame(FRAME.hello, 0, Buffer.from('{"protocol":1}'));

/** The bytes of a child, and how they arrive. */
const inputs = fc.record({
  greets: fc.boolean(),
  frames: fc.array(fc.oneof({ weight: 8, arbitrary: sent }, { weight: 1, arbitrary: garbage }), {
    maxLength: 20,
  }),
  cut: cuts,
});

/** Whatever a child sends, its own pipe is closed at most: nothing is thrown, nothing is kept. */
export const channel = defineTarget('channel', 20, inputs, async ({ greets, frames, cut }) => {
  const parts = frames.map((it) => (it instanceof Uint8Array ? Buffer.from(it) : bytesOf(it)));
  const bytes = Buffer.concat(greets ? [HELLO, ...parts] : parts);
  const ended: (Error | null)[] = [];
  const server = new CallServer(taking(), {
    hello: () => undefined,
    finish: (it) => {
      if (it.kind !== 'done') requireHarmless(it.message, 'the ending');
    },
  });
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const pipe = new Pipe(stream, {
    message: (it) => server.receive(it),
    closed: (error) => ended.push(error),
  });
  server.attach(pipe);
  for (const piece of pieces(bytes, cut)) stream.emit('data', piece);
  server.abortAll('the test is over');
  pipe.close();
  await new Promise(setImmediate);
  if (ended.length !== 1) throw new Error(`the pipe was closed ${ended.length} times`);
  const [error] = ended;
  if (error instanceof Error && !(error instanceof BadFrame)) throw error;
});

function bytesOf({ type, id, more, payload }: Sent): Buffer {
  const body = payload.subarray(0, FRAME_MAX_BYTES);
  const frame = encodeFrame(FRAME.call, id, body, more);
  frame.writeUInt8((type | (more ? 0x80 : 0)) & 0xff, 4);
  return frame;
}

/** A worker that looks at what it is given: text of a payload must have passed the sanitiser. */
function taking(): Capabilities {
  return {
    http: async () => ({ status: 200, headers: [], body: bytesOnce(new Uint8Array(3)) }),
    stepResult: async () => ({ found: false }),
    completeStep: async () => undefined,
    report: async ({ title }) => requireHarmless(title, 'the title'),
    draft: async () => ({ id: 'd', expiresAt: 0 }),
    progress: async ({ note }) => requireHarmless(note, 'the note'),
    log: async (_level, message) => requireHarmless(message, 'the message'),
    denied: async ({ resource }) => requireHarmless(resource, 'the resource'),
  };
}
