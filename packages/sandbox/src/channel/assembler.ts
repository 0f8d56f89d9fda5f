import { BadFrame, FRAME, type Frame, type FrameType, MESSAGE_MAX_BYTES } from './frame.ts';

/** A whole message: JSON for every type but `data`. */
export type Message =
  | { readonly type: typeof FRAME.data; readonly id: number; readonly bytes: Uint8Array }
  | {
      readonly type: Exclude<FrameType, typeof FRAME.data>;
      readonly id: number;
      readonly json: unknown;
    };

/**
 * Frames to messages. The frames of one message follow each other without another between, so one
 * message at most is being put together, and its size is bounded before its bytes are kept.
 */
export class MessageAssembler {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #type: FrameType | null = null;
  #id = 0;

  /** The message that `frame` completes, or null. @throws BadFrame */
  push(frame: Frame): Message | null {
    if (this.#type !== null && (frame.type !== this.#type || frame.id !== this.#id)) {
      throw new BadFrame('a message was interrupted by another');
    }
    if (frame.type === FRAME.data) {
      return { type: frame.type, id: frame.id, bytes: frame.payload };
    }
    this.#bytes += frame.payload.length;
    if (this.#bytes > MESSAGE_MAX_BYTES) {
      throw new BadFrame(`a message is over ${MESSAGE_MAX_BYTES} bytes`);
    }
    this.#parts.push(frame.payload);
    this.#type = frame.type;
    this.#id = frame.id;
    return frame.more ? null : this.#take(frame.type, frame.id);
  }

  #take(type: Exclude<FrameType, typeof FRAME.data>, id: number): Message {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#type = null;
    return { type, id, json: parseJson(bytes) };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new BadFrame('a message is not JSON');
  }
}
