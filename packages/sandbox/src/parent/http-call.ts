import type { Capabilities, HttpRequest, HttpResponse } from '@nightshift/domain';
import { NightshiftError } from '@nightshift/domain';
import { Credit } from '../channel/credit.ts';
import { BadFrame, CHUNK_BYTES, FRAME } from '../channel/frame.ts';
import type { Pipe } from '../channel/pipe.ts';
import type { HttpParams } from '../channel/protocol.ts';
import { INITIAL_CREDIT_BYTES, RESPONSE_MAX_BYTES } from '../channel/protocol.ts';
import type { UploadBudget } from './upload-budget.ts';

/** Most bytes of one response that may be under way at a time. */
const WINDOW_MAX_BYTES = 1_048_576;

/** One request of a child, from its head to the last byte of the answer. */
export class HttpCall {
  readonly #id: number;
  readonly #params: HttpParams;
  readonly #pipe: Pipe;
  readonly #ending = new AbortController();
  readonly #download = new Credit(INITIAL_CREDIT_BYTES, WINDOW_MAX_BYTES);
  readonly #parts: Uint8Array[] = [];
  readonly #uploaded = Promise.withResolvers<void>();
  #received = 0;
  #credited: number;

  constructor(id: number, params: HttpParams, pipe: Pipe) {
    this.#id = id;
    this.#params = params;
    this.#pipe = pipe;
    this.#credited = Math.min(INITIAL_CREDIT_BYTES, params.bodyBytes);
    this.#uploaded.promise.catch(() => undefined);
    if (params.bodyBytes === 0) this.#uploaded.resolve();
  }

  /** Bytes of the request's body. @throws BadFrame when there are more than were granted. */
  data(bytes: Uint8Array): void {
    this.#received += bytes.length;
    if (this.#received > this.#credited) throw new BadFrame('more bytes than were granted');
    this.#parts.push(bytes);
    if (this.#received === this.#params.bodyBytes) this.#uploaded.resolve();
  }

  /** The child takes `bytes` more of the answer. */
  credit(bytes: number): void {
    this.#download.grant(bytes);
  }

  /** The child wants no answer any more, or is gone. */
  abort(reason: string): void {
    const error = new DOMException(reason, 'AbortError');
    this.#ending.abort(error);
    this.#download.close();
    this.#uploaded.reject(error);
  }

  /**
   * Runs it to its end; `answered` is called before the last frame goes out, because the child may
   * make its next request the moment it has that frame.
   *
   * @throws what the capability throws.
   */
  async run(capabilities: Capabilities, budget: UploadBudget, answered: () => void): Promise<void> {
    const release = await budget.admit(this.#params.bodyBytes, this.#ending.signal);
    try {
      await this.#grantUpload();
      const answer = await capabilities.http(this.#request(), this.#ending.signal);
      const { status, headers } = answer;
      await this.#pipe.send(FRAME.result, this.#id, { status, headers });
      await this.#send(answer);
      answered();
      await this.#pipe.send(FRAME.end, this.#id, null);
    } finally {
      release();
    }
  }

  async #grantUpload(): Promise<void> {
    const bytes = this.#params.bodyBytes - this.#credited;
    if (bytes > 0) {
      this.#credited = this.#params.bodyBytes;
      await this.#pipe.send(FRAME.credit, this.#id, { bytes });
    }
    await this.#uploaded.promise;
  }

  #request(): HttpRequest {
    const { method, url, headers, step, ordinal } = this.#params;
    const body = Buffer.concat(this.#parts.splice(0), this.#params.bodyBytes);
    return { method, url, headers, step, ordinal, body };
  }

  async #send(answer: HttpResponse): Promise<void> {
    let sent = 0;
    for await (const chunk of answer.body) {
      sent += chunk.length;
      if (sent > RESPONSE_MAX_BYTES) {
        throw new NightshiftError('response-too-large', `over ${RESPONSE_MAX_BYTES} bytes`, {
          at: this.#params.url,
        });
      }
      await this.#sendChunk(chunk);
    }
  }

  async #sendChunk(chunk: Uint8Array): Promise<void> {
    let at = 0;
    while (at < chunk.length) {
      const taken = await this.#download.take(Math.min(CHUNK_BYTES, chunk.length - at));
      this.#ending.signal.throwIfAborted();
      await this.#pipe.sendBytes(this.#id, chunk.subarray(at, at + taken));
      at += taken;
    }
  }
}
