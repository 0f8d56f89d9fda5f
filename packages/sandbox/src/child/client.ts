import type { Message } from '../channel/assembler.ts';
import { Credit } from '../channel/credit.ts';
import { CHUNK_BYTES, FRAME } from '../channel/frame.ts';
import type { Pipe } from '../channel/pipe.ts';
import {
  type Call,
  type CallError,
  type HttpHead,
  type HttpParams,
  INITIAL_CREDIT_BYTES,
  OPEN_REQUESTS_MAX,
} from '../channel/protocol.ts';
import { ByteQueue } from './byte-queue.ts';
import { callError } from './errors.ts';
import { Semaphore } from './semaphore.ts';

/** A response whose body is still coming. */
export interface ClientResponse extends HttpHead {
  readonly body: ByteQueue;
}

interface OpenCall {
  resolve(result: unknown): void;
  reject(error: Error): void;
  readonly upload: Credit;
  readonly body: ByteQueue;
}

/** The child's end of the channel: calls out, answers in. */
export class Client {
  readonly #pipe: Pipe;
  readonly #open = new Map<number, OpenCall>();
  readonly #requests = new Semaphore(OPEN_REQUESTS_MAX);
  /** Steps, report, log and progress go one after another, in the order they were made. */
  #controls: Promise<unknown> = Promise.resolve();
  #lastId = 0;

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
  }

  /** Makes a call with a JSON answer. @throws RefusedError, AgentError */
  control(call: Exclude<Call, { method: 'http' }>): Promise<unknown> {
    const next = this.#controls.then(() => this.#call(call).result);
    this.#controls = next.catch(() => undefined);
    return next;
  }

  /** Resolves when every control call made so far is answered. */
  async settled(): Promise<void> {
    await this.#controls;
  }

  /** Makes a request; resolves with its head. Aborting rejects with the signal's reason. */
  async http(
    head: Omit<HttpParams, 'bodyBytes'>,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<ClientResponse> {
    const release = await this.#requests.acquire(signal);
    try {
      return await this.#request({ ...head, bodyBytes: body.length }, body, signal, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  async #request(
    params: HttpParams,
    body: Uint8Array,
    signal: AbortSignal,
    release: () => void,
  ): Promise<ClientResponse> {
    const { id, open, result } = this.#call({ method: 'http', params });
    const abort = (): void => this.#abort(id, signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    open.body.onEnd(() => {
      signal.removeEventListener('abort', abort);
      release();
    });
    try {
      const [head] = await Promise.all([result, this.#upload(id, open.upload, body)]);
      return { ...(head as HttpHead), body: open.body };
    } catch (error) {
      open.body.end(error as Error);
      throw error;
    }
  }

  /** Called for each message from outside. */
  receive(message: Message): void {
    const open = this.#open.get(message.id);
    // A call that was taken back: its last answers were on the way.
    if (open === undefined) return;
    if (message.type === FRAME.data) open.body.push(message.bytes);
    else if (message.type === FRAME.credit)
      open.upload.grant((message.json as { bytes: number }).bytes);
    else if (message.type === FRAME.result) open.resolve(message.json);
    else this.#close(message.id, open, message);
  }

  #close(id: number, open: OpenCall, message: Exclude<Message, { type: typeof FRAME.data }>): void {
    this.#open.delete(id);
    open.upload.close();
    if (message.type === FRAME.end) return open.body.end(null);
    const error = callError(message.json as CallError);
    open.reject(error);
    open.body.end(error);
  }

  #call(call: Call): { id: number; open: OpenCall; result: Promise<unknown> } {
    const id = (this.#lastId += 1);
    const { promise: result, resolve, reject } = Promise.withResolvers<unknown>();
    const isHttp = call.method === 'http';
    const open: OpenCall = {
      // A JSON answer is also the end of its call; a head is followed by its body.
      resolve: (json) => {
        if (!isHttp) this.#open.delete(id);
        resolve(json);
      },
      reject,
      upload: new Credit(INITIAL_CREDIT_BYTES, Number.MAX_SAFE_INTEGER),
      body: new ByteQueue(
        (bytes) => void this.#pipe.send(FRAME.credit, id, { bytes }),
        (reason) => this.#abort(id, reason),
      ),
    };
    this.#open.set(id, open);
    this.#pipe.send(FRAME.call, id, call).catch(reject);
    return { id, open, result };
  }

  async #upload(id: number, credit: Credit, body: Uint8Array): Promise<void> {
    let at = 0;
    while (at < body.length) {
      const taken = await credit.take(Math.min(CHUNK_BYTES, body.length - at));
      if (taken === 0) return;
      await this.#pipe.sendBytes(id, body.subarray(at, at + taken));
      at += taken;
    }
  }

  #abort(id: number, reason: unknown): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    const error = reason instanceof Error ? reason : new DOMException('aborted', 'AbortError');
    open.upload.close();
    open.reject(error);
    open.body.end(error);
    void this.#pipe.send(FRAME.abort, id, null);
  }
}
