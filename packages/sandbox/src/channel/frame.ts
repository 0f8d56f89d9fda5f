/**
 * Frames on the pipe between a worker and its child: 4 bytes length of what follows (big endian),
 * 1 byte type, 4 bytes call id, then JSON or raw bytes. Nothing here knows a socket, so that the
 * decoder can be fed with anything.
 */
export const FRAME = {
  hello: 1,
  start: 2,
  call: 3,
  result: 4,
  error: 5,
  data: 6,
  end: 7,
  credit: 8,
  abort: 9,
  finish: 10,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** Set on the type byte of a JSON message that goes on in the next frame. */
const MORE = 0x80;
/** Type and call id: what the length counts beside the payload. */
const HEAD_BYTES = 5;
const PREFIX_BYTES = 4 + HEAD_BYTES;

/** Longest payload of one frame, bytes. Bodies and long messages are cut into several. */
export const FRAME_MAX_BYTES = 1_048_576;
/** Bodies travel in pieces of this size, so that a small call is not stuck behind a large one. */
export const CHUNK_BYTES = 65_536;
/** Longest JSON message over all its frames: the largest step result, escaped, with its name. */
export const MESSAGE_MAX_BYTES = 8_388_608;

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));
const RAW_TYPES: ReadonlySet<number> = new Set([FRAME.data]);

export interface Frame {
  readonly type: FrameType;
  /** The call it belongs to; 0 for the child as a whole. */
  readonly id: number;
  /** True when the message goes on in the next frame. Never for raw bytes. */
  readonly more: boolean;
  readonly payload: Uint8Array;
}

/** What came in breaks the protocol. It ends the child that sent it and nothing else. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame';
  readonly code = 'bad-frame';
}

/** One frame as bytes. @throws RangeError when the payload is longer than {@link FRAME_MAX_BYTES}. */
export function encodeFrame(
  type: FrameType,
  id: number,
  payload: Uint8Array,
  more = false,
): Buffer {
  if (payload.length > FRAME_MAX_BYTES) throw new RangeError('frame payload too long');
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + payload.length);
  frame.writeUInt32BE(HEAD_BYTES + payload.length, 0);
  frame.writeUInt8(more ? type | MORE : type, 4);
  frame.writeUInt32BE(id, 5);
  frame.set(payload, PREFIX_BYTES);
  return frame;
}

/** One JSON message as frames. @throws RangeError when it is longer than a message may be. */
export function encodeMessage(type: FrameType, id: number, message: unknown): Buffer[] {
  const bytes = Buffer.from(JSON.stringify(message) ?? 'null');
  if (bytes.length > MESSAGE_MAX_BYTES) {
    throw new RangeError(`a message of ${bytes.length} bytes is over ${MESSAGE_MAX_BYTES}`);
  }
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += FRAME_MAX_BYTES) {
    const end = at + FRAME_MAX_BYTES;
    frames.push(encodeFrame(type, id, bytes.subarray(at, end), end < bytes.length));
  }
  return frames;
}

/**
 * Bytes to frames, whatever the pieces they arrive in. Holds at most one frame: the length is
 * judged before anything is stored.
 */
export class FrameDecoder {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixFilled = 0;
  #payload: Buffer | null = null;
  #payloadFilled = 0;

  /** Frames completed by `bytes`, in order. @throws BadFrame; after that the decoder is spent. */
  *push(bytes: Uint8Array): Generator<Frame> {
    let at = 0;
    while (at < bytes.length) {
      at += this.#payload === null ? this.#fillPrefix(bytes, at) : this.#fillPayload(bytes, at);
      const frame = this.#complete();
      if (frame !== null) yield frame;
    }
  }

  /** Bytes held back because their frame is not complete. */
  get pending(): number {
    return this.#prefixFilled + this.#payloadFilled;
  }

  #fillPrefix(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + PREFIX_BYTES - this.#prefixFilled);
    this.#prefix.set(part, this.#prefixFilled);
    this.#prefixFilled += part.length;
    if (this.#prefixFilled >= 5) this.#checkPrefix();
    if (this.#prefixFilled === PREFIX_BYTES) {
      this.#payload = Buffer.allocUnsafe(this.#prefix.readUInt32BE(0) - HEAD_BYTES);
    }
    return part.length;
  }

  #checkPrefix(): void {
    const length = this.#prefix.readUInt32BE(0);
    if (length < HEAD_BYTES) throw new BadFrame(`frame length ${length} is too short`);
    if (length - HEAD_BYTES > FRAME_MAX_BYTES) {
      throw new BadFrame(`frame length ${length} is over ${FRAME_MAX_BYTES}`);
    }
    const type = this.#prefix.readUInt8(4);
    const bare = type & ~MORE;
    if (!KNOWN_TYPES.has(bare)) throw new BadFrame(`unknown frame type ${type}`);
    if (bare !== type && RAW_TYPES.has(bare)) throw new BadFrame('raw bytes are never continued');
  }

  #fillPayload(bytes: Uint8Array, at: number): number {
    const payload = this.#payload!;
    const part = bytes.subarray(at, at + payload.length - this.#payloadFilled);
    payload.set(part, this.#payloadFilled);
    this.#payloadFilled += part.length;
    return part.length;
  }

  #complete(): Frame | null {
    const payload = this.#payload;
    if (payload === null || this.#payloadFilled < payload.length) return null;
    const type = this.#prefix.readUInt8(4);
    this.#payload = null;
    this.#payloadFilled = 0;
    this.#prefixFilled = 0;
    const id = this.#prefix.readUInt32BE(5);
    return { type: (type & ~MORE) as FrameType, id, more: (type & MORE) !== 0, payload };
  }
}
