import { Client, buildConnector, type Dispatcher } from 'undici';
import { errorFacts } from '@nightshift/domain';
import type { Lost } from './outcome.ts';

/** One request on the wire. */
export interface Outgoing {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly connectTimeoutMs: number;
  /** Ends it from outside: halt, drain, the job's deadline. */
  readonly signal: AbortSignal;
  /** Ends it because the call itself took too long. */
  readonly deadline: AbortSignal;
  /**
   * Asked when the connection stands, directly before the first byte. False: nothing is sent.
   */
  readonly mayLeave: () => Promise<boolean>;
}

/** How it went, up to the headers of an answer. */
export type Exchanged =
  | { readonly kind: 'answer'; readonly status: number; readonly answer: Answering }
  | { readonly kind: 'held-back' }
  | { readonly kind: 'lost'; readonly how: Lost; readonly why: string };

/** An answer whose body is still to be read. */
export interface Answering {
  readonly headers: Dispatcher.ResponseData['headers'];
  /** The bytes as they come. An error thrown by it is explained by `lost`. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborted when the call was ended from outside or took too long, read or not. */
  readonly signal: AbortSignal;
  /** What an error thrown by the body means, or an abort. */
  lost(thrown: unknown): { readonly how: Lost; readonly why: string };
  /** Ends the connection; also in the middle of the body. */
  close(): void;
}

/**
 * Sends one request over a connection of its own: HTTP/1.1, no redirects, no proxy, no retries.
 *
 * A fresh connection each time is what makes "it never left" a fact: a kept-alive socket that the
 * other side has just closed fails in the same way before and after the request was read. The
 * connection is made first; only when it stands are the last checks asked, and the request follows.
 */
export async function exchange(out: Outgoing): Promise<Exchanged> {
  const departure = new Departure(out);
  const client = new Client(out.url.origin, {
    connect: departure.connector,
    allowH2: false,
    // Silence is legal until the deadline of the whole call, which is the signal's.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const close = () => void client.destroy().catch(() => undefined);
  try {
    const answer = await client.request({
      method: 'POST',
      path: out.url.pathname,
      headers: { ...out.headers },
      body: out.body,
      signal: departure.signal,
    });
    const lost = (thrown: unknown) => departure.explain(thrown);
    const { headers, body, statusCode: status } = answer;
    // An abort before anybody reads would otherwise be an error without a listener.
    body.on('error', () => undefined);
    const { signal } = departure;
    return { kind: 'answer', status, answer: { headers, body, signal, lost, close } };
  } catch (thrown) {
    close();
    if (departure.state === 'held-back') return { kind: 'held-back' };
    return { kind: 'lost', ...departure.explain(thrown) };
  }
}

/** Knows whether the first byte can have left. */
class Departure {
  readonly connector: buildConnector.connector;
  readonly signal: AbortSignal;
  readonly #out: Outgoing;
  state: 'waiting' | 'held-back' | 'left' = 'waiting';

  constructor(out: Outgoing) {
    this.#out = out;
    this.signal = AbortSignal.any([out.signal, out.deadline]);
    const connect = buildConnector({ allowH2: false, timeout: out.connectTimeoutMs });
    this.connector = (options, callback) => {
      // The client would connect again for a request whose connection was lost: once is enough.
      if (this.state !== 'waiting') return callback(new Error('the connection was lost'), null);
      connect(options, (error, socket) => {
        if (error !== null) return callback(error, null);
        void this.#ask(socket).then(
          () => callback(null, socket),
          (refused: Error) => {
            socket.destroy();
            callback(refused, null);
          },
        );
      });
    };
  }

  async #ask(socket: import('node:net').Socket): Promise<void> {
    const ignore = () => undefined;
    // Nobody else listens yet, and an error without a listener would end the process.
    socket.on('error', ignore);
    const yes = await this.#out.mayLeave();
    if (!yes) {
      this.state = 'held-back';
      throw new Error('held back');
    }
    if (socket.destroyed || this.signal.aborted) throw new Error('the connection was lost');
    this.state = 'left';
    // Removed only after the client has had its turn to listen.
    setImmediate(() => socket.off('error', ignore));
  }

  explain(thrown: unknown): { how: Lost; why: string } {
    const { code, message } = errorFacts(thrown);
    const why = code === 'error' ? message : code;
    if (this.state !== 'left') return { how: 'never-left', why: `never left: ${why}` };
    if (this.#out.signal.aborted) return { how: 'aborted', why: 'aborted' };
    if (this.#out.deadline.aborted) return { how: 'timeout', why: 'timed out' };
    return { how: 'cut', why: `cut: ${why}` };
  }
}
