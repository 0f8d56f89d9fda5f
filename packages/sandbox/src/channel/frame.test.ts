import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Message, MessageAssembler } from './assembler.ts';
import {
  BadFrame,
  encodeFrame,
  encodeMessage,
  FRAME,
  FRAME_MAX_BYTES,
  FrameDecoder,
  MESSAGE_MAX_BYTES,
} from './frame.ts';

const types = Object.values(FRAME).filter((type) => type !== FRAME.data);
const sent = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom(...types), id: fc.nat(), json: fc.jsonValue() }),
    fc.record({ type: fc.constant(FRAME.data), id: fc.nat(), bytes: fc.uint8Array() }),
  ),
);

test('what was sent arrives, however the bytes are cut', () => {
  fc.assert(
    fc.property(sent, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (messages, cuts) => {
      const wire = Buffer.concat(messages.flatMap(encode));
      const received = receive(cut(wire, cuts));
      expect(received).toEqual(messages.map(normal));
    }),
  );
});

test('any bytes are frames or a bad frame, and hold back at most one frame', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
      const decoder = new FrameDecoder();
      expect(decodeAll(decoder, parts).error ?? new BadFrame()).toBeInstanceOf(BadFrame);
      expect(decoder.pending).toBeLessThan(FRAME_MAX_BYTES + 10);
    }),
  );
});

test('one changed byte in the head never yields more bytes than were sent', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(8), fc.nat(255), (payload, at, value) => {
      const wire = encodeFrame(FRAME.data, 7, payload);
      wire[at] = value;
      const { bytes, error } = decodeAll(new FrameDecoder(), [wire]);
      expect(error ?? new BadFrame()).toBeInstanceOf(BadFrame);
      expect(bytes).toBeLessThanOrEqual(wire.length);
    }),
  );
});

test('a length is judged before its type and its bytes arrive', () => {
  const decoder = new FrameDecoder();
  expect(() => [...decoder.push(Buffer.from('7fffffff03', 'hex'))]).toThrow(BadFrame);
  expect(decoder.pending).toBeLessThan(10);
});

test('a long message travels in several frames, and too long a one does not travel', () => {
  const message = 'm'.repeat(FRAME_MAX_BYTES * 2);
  const frames = encodeMessage(FRAME.result, 1, message);
  expect(frames).toHaveLength(3);
  expect(receive(frames)).toEqual([{ type: FRAME.result, id: 1, json: message }]);
  expect(() => encodeMessage(FRAME.result, 1, 'm'.repeat(MESSAGE_MAX_BYTES))).toThrow(RangeError);
});

function decodeAll(
  decoder: FrameDecoder,
  parts: Iterable<Uint8Array>,
): {
  bytes: number;
  error?: unknown;
} {
  let bytes = 0;
  try {
    for (const part of parts) for (const frame of decoder.push(part)) bytes += frame.payload.length;
    return { bytes };
  } catch (error) {
    return { bytes, error };
  }
}

type Sent = Message extends infer T ? T : never;

function encode(message: Sent): Buffer[] {
  if (message.type === FRAME.data) return [encodeFrame(FRAME.data, message.id, message.bytes)];
  return encodeMessage(message.type, message.id, message.json);
}

/** As JSON and a Buffer make it. */
function normal(message: Sent): Sent {
  if (message.type === FRAME.data) return { ...message, bytes: Buffer.from(message.bytes) };
  return { ...message, json: JSON.parse(JSON.stringify(message.json)) as unknown };
}

function* cut(wire: Buffer, sizes: Iterable<number>): Generator<Buffer> {
  let at = 0;
  for (const size of sizes) {
    if (at >= wire.length) return;
    yield wire.subarray(at, at + size);
    at += size;
  }
}

function receive(parts: Iterable<Buffer>): Message[] {
  const decoder = new FrameDecoder();
  const assembler = new MessageAssembler();
  const messages: Message[] = [];
  for (const part of parts) {
    for (const frame of decoder.push(part)) {
      const message = assembler.push(frame);
      if (message !== null) messages.push(message);
    }
  }
  return messages;
}
