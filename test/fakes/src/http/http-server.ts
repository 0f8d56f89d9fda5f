import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** The client closed its socket (or the server is closing): the handler has nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** One request, read to its end, and the way to answer it. */
export interface Exchange {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly res: ServerResponse;
  /** Aborted when the client is gone before the answer was finished. */
  readonly gone: AbortSignal;
}

/** An answer in JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What `startHttp` needs. */
export interface HttpOptions {
  /** Port on 127.0.0.1; 0 or absent means any free one. */
  readonly port?: number | undefined;
  /** A longer request body is answered with `tooLarge`. Bytes. */
  readonly maxBodyBytes: number;
  readonly tooLarge: JsonAnswer;
  /** Called once a request; must answer it, unless the client is gone. */
  handle(exchange: Exchange): Promise<void>;
}

/** A listening server. */
export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /**
   * Destroys every socket and stops listening. Calling it again is legal.
   * Rejects with what the handlers threw, so that a broken fake fails the test that used it.
   */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. Rejects when the port is taken. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const failures: unknown[] = [];
  const server = createServer({ requestTimeout: 0 }, (req, res) => {
    serve(req, res, options).catch((error: unknown) => {
      if (!(error instanceof ClientGone)) failures.push(error);
      res.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    if (failures.length > 0) throw new AggregateError(failures, 'a fake server broke');
  };
  return { url: `http://127.0.0.1:${port}`, port, close: () => (closing ??= close()) };
}

async function serve(
  req: IncomingMessage,
  res: ServerResponse,
  options: HttpOptions,
): Promise<void> {
  const gone = new AbortController();
  res.on('close', () => {
    if (!res.writableFinished) gone.abort(new ClientGone('the client is gone'));
  });
  const body = await readBody(req, options.maxBodyBytes);
  const url = new URL(req.url ?? '/', 'http://127.0.0.1');
  const exchange: Exchange = {
    method: req.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: req.headers,
    body: body ?? Buffer.alloc(0),
    res,
    gone: gone.signal,
  };
  await (body === undefined ? sendJson(exchange, options.tooLarge) : options.handle(exchange));
}

/**
 * Reads the body, `undefined` when it is longer than `limit` bytes. The surplus is read and
 * dropped so that the client gets its 413 instead of a reset; far beyond it the socket goes.
 */
async function readBody(req: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      if (bytes > limit * 8) throw new ClientGone('the client sends without end');
    }
  } catch (error) {
    throw error instanceof ClientGone ? error : new ClientGone('cut upload', { cause: error });
  }
  return bytes > limit ? undefined : Buffer.concat(chunks);
}

/** Answers with one JSON document. */
export async function sendJson(exchange: Exchange, answer: JsonAnswer): Promise<void> {
  const text = JSON.stringify(answer.body);
  const headers = { 'content-type': 'application/json', ...answer.headers };
  await sendText(exchange, answer.status, headers, text);
}

/** Answers with a whole body of known length. */
export async function sendText(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<void> {
  const length = String(Buffer.byteLength(body));
  exchange.res.writeHead(status, { ...headers, 'content-length': length });
  await finish(exchange, body);
}

/** Writes a piece of the body; resolves once the kernel has it, so slow readers slow us down. */
export async function write(exchange: Exchange, piece: string | Buffer): Promise<void> {
  await settleOrGone(exchange, (done) => exchange.res.write(piece, done));
}

/** Writes the last piece and ends the answer. */
export async function finish(exchange: Exchange, piece: string | Buffer = ''): Promise<void> {
  await settleOrGone(exchange, (done) => exchange.res.end(piece, done));
}

/** Waits without holding on to a client that left. Rejects with `ClientGone`. */
export async function pause(exchange: Exchange, ms: number): Promise<void> {
  try {
    await delay(ms, undefined, { signal: exchange.gone });
  } catch (error) {
    throw new ClientGone('the client left during a delay', { cause: error });
  }
}

/** Never answers; rejects with `ClientGone` when the client gives up or the server closes. */
export async function hang(exchange: Exchange): Promise<never> {
  return settleOrGone<never>(exchange, () => undefined);
}

/** Ends the connection with a TCP reset. */
export function reset(exchange: Exchange): void {
  const { socket } = exchange.res;
  if (socket !== null) socket.resetAndDestroy();
}

/** Ends the connection in the middle of the answer. */
export function cut(exchange: Exchange): void {
  exchange.res.destroy();
}

async function settleOrGone<T = void>(
  exchange: Exchange,
  act: (done: (error?: Error | null) => void) => void,
): Promise<T> {
  const { gone } = exchange;
  gone.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const onGone = (): void => reject(gone.reason as ClientGone);
    gone.addEventListener('abort', onGone, { once: true });
    act((error) => {
      gone.removeEventListener('abort', onGone);
      if (error) reject(new ClientGone('the client is gone', { cause: error }));
      else resolve(undefined as T);
    });
  });
}
