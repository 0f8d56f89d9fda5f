import type { Duplex } from 'node:stream';
import { type Message, MessageAssembler } from './assembler.ts';
import { CHUNK_BYTES, encodeFrame, encodeMessage, FRAME, FrameDecoder } from './frame.ts';
import type { FrameType } from './frame.ts';

export interface PipeEvents {
  /** Called for each message in order. What it throws closes the pipe, like a bad frame. */
  message(message: Message): void;
  /** The other side is gone, or broke the protocol (`error`). Called once. */
  closed(error: Error | null): void;
}

/** Both ends of the channel: messages over a duplex stream, with the stream's own back-pressure. */
export class Pipe {
  readonly #stream: Duplex;
  readonly #events: PipeEvents;
  readonly #decoder = new FrameDecoder();
  readonly #assembler = new MessageAssembler();
  #closed = false;
  #drained: Promise<void> | null = null;

  constructor(stream: Duplex, events: PipeEvents) {
    this.#stream = stream;
    this.#events = events;
    stream.on('data', (bytes: Uint8Array) => this.#read(bytes));
    stream.on('error', () => this.close());
    stream.on('close', () => this.close());
    stream.on('end', () => this.close());
  }

  /** Sends one JSON message; resolves when the stream takes more. Nothing after {@link close}. */
  async send(type: FrameType, id: number, message: unknown): Promise<void> {
    for (const frame of encodeMessage(type, id, message)) this.#write(frame);
    await this.#ready();
  }

  /** Sends up to {@link CHUNK_BYTES} raw bytes of a body; the caller has the credit for them. */
  async sendBytes(id: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      this.#write(encodeFrame(FRAME.data, id, bytes.subarray(at, at + CHUNK_BYTES)));
    }
    await this.#ready();
  }

  /** Ends the pipe at once. Legal at any time and more than once. */
  close(error: Error | null = null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    this.#events.closed(error);
  }

  #read(bytes: Uint8Array): void {
    try {
      for (const frame of this.#decoder.push(bytes)) {
        const message = this.#assembler.push(frame);
        if (message !== null && !this.#closed) this.#events.message(message);
      }
    } catch (error) {
      this.close(error as Error);
    }
  }

  #write(frame: Buffer): void {
    if (this.#closed || !this.#stream.writable) return;
    if (this.#stream.write(frame)) return;
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        this.#stream.off('drain', done).off('close', done);
        this.#drained = null;
        resolve();
      };
      this.#stream.once('drain', done).once('close', done);
    });
  }

  async #ready(): Promise<void> {
    if (this.#drained !== null && !this.#closed) await this.#drained;
  }
}
