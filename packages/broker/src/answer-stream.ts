import type { NightshiftError } from '@nightshift/domain';
import type { Answering } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { BrokerLog } from './options.ts';
import { type Judgement, judgeLost } from './outcome.ts';
import type { Answer, AnswerReader } from './wire.ts';

/** What a streamed answer needs to settle itself. */
export interface StreamParts {
  readonly answer: Answering;
  readonly reader: AnswerReader;
  readonly limits: Limits;
  readonly judge: (said: Answer) => Judgement;
  /** Books the end, with the bytes to journal or null. */
  readonly settle: (judged: Judgement, bytes: Uint8Array | null) => Promise<void>;
  readonly lost: (outcome: string, why: string) => NightshiftError;
  readonly moved: () => void;
  /** Called once when the call is over. */
  readonly done: () => void;
  readonly log: BrokerLog;
}

/**
 * The body of a streamed answer. Chunks pass as they come, one for each that is asked for, so a
 * slow reader slows the provider. The call is settled with the chunk that carries the wire's end mark,
 * before that chunk is handed over: a client that stops reading there has had a whole answer. It is
 * settled without any reader too, when the call is aborted or takes too long.
 */
export class AnswerStream implements AsyncIterableIterator<Uint8Array> {
  readonly #parts: StreamParts;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #onAbort = () => this.#abandon();
  /** What will be journalled; null when it has grown too large. */
  #kept: Uint8Array[] | null = [];
  #size = 0;
  #settled: Promise<void> | null = null;
  #over = false;
  /** Why it was given up without a reader asking. */
  #abandoned: NightshiftError | null = null;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#chunks = parts.answer.body[Symbol.asyncIterator]();
    const { signal } = parts.answer;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#abandon();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#over) return this.#finished();
    try {
      const read = await this.#chunks.next();
      if (read.done === true) return await this.#end();
      await this.#take(read.value);
      return { done: false, value: read.value };
    } catch (thrown) {
      return this.#broke(thrown);
    }
  }

  /** The reader wants no more. */
  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#settleLost('aborted', 'aborted by its reader');
    this.#close();
    return { done: true, value: undefined };
  }

  async #take(chunk: Uint8Array): Promise<void> {
    const { reader, limits, moved } = this.#parts;
    moved();
    this.#size += chunk.byteLength;
    if (this.#size > limits.answerBytes) throw new Error(`more than ${limits.answerBytes} bytes`);
    if (this.#size > limits.journalBytes) this.#kept = null;
    this.#kept?.push(chunk);
    reader.push(chunk);
    if (reader.ended) await this.#settleAnswered();
  }

  async #end(): Promise<IteratorResult<Uint8Array>> {
    await this.#settleAnswered();
    this.#close();
    return { done: true, value: undefined };
  }

  async #broke(thrown: unknown): Promise<IteratorResult<Uint8Array>> {
    this.#close();
    // After the end mark nothing that counts can be missing; a failed settlement is another matter.
    if (this.#settled !== null) return this.#finished();
    const large = this.#size > this.#parts.limits.answerBytes;
    const { how, why } = large
      ? ({ how: 'cut', why: 'cut: the answer is too large' } as const)
      : this.#parts.answer.lost(thrown);
    await this.#settleLost(how, why);
    throw this.#parts.lost(how, why);
  }

  /** Nothing more will come: an end, or the error that ended it. */
  async #finished(): Promise<IteratorResult<Uint8Array>> {
    await this.#settled;
    if (this.#abandoned !== null) throw this.#abandoned;
    return { done: true, value: undefined };
  }

  #settleAnswered(): Promise<void> {
    this.#settled ??= this.#book();
    return this.#settled;
  }

  #book(): Promise<void> {
    const said = this.#parts.reader.answer();
    const bytes = said.complete && this.#kept !== null ? Buffer.concat(this.#kept) : null;
    return this.#parts.settle(this.#parts.judge(said), bytes);
  }

  #settleLost(how: Parameters<typeof judgeLost>[0], why: string): Promise<void> {
    this.#settled ??= this.#parts.settle(judgeLost(how, why), null);
    return this.#settled;
  }

  /** Ended from outside or too late, whether or not anybody is reading. */
  #abandon(): void {
    const { answer, lost, log } = this.#parts;
    if (this.#settled === null) {
      const { how, why } = answer.lost(answer.signal.reason);
      this.#abandoned = lost(how, why);
      this.#settleLost(how, why).catch((thrown: unknown) => {
        log('error', 'a call that was ended could not be booked', { error: String(thrown) });
      });
    }
    this.#close();
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.answer.signal.removeEventListener('abort', this.#onAbort);
    this.#parts.answer.close();
    this.#parts.done();
  }
}
