import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  RequestOptions,
} from 'node:http';
import { NightshiftError } from '@nightshift/domain';

/** A small POST: one body out, one small body back. */
export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For everything: name, connection, TLS, answer. Default 15 s. */
  readonly timeoutMs?: number;
  /** Longest answer that is read, in bytes. Default 64 KiB. */
  readonly maxAnswerBytes?: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How channels reach the network; tests put their own in its place. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

const TIMEOUT_MS = 15_000;
const ANSWER_MAX_BYTES = 64 * 1024;

/**
 * Sends it, following no redirect and using no proxy, connection pool or keep-alive.
 *
 * @throws NightshiftError `post-failed` (retryable) when no whole answer came. Its message holds
 * the system's error code alone, because a URL may be a secret.
 */
export const post: Post = async (request) => {
  const signal = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
  try {
    const answer = await exchange(request, signal);
    return await read(answer, request.maxAnswerBytes ?? ANSWER_MAX_BYTES);
  } catch (error) {
    if (error instanceof NightshiftError) throw error;
    throw postFailed(signal.aborted ? 'no answer in time' : codeOf(error));
  }
};

function exchange(request: PostRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method: 'POST',
      agent: false,
      signal,
      headers: { ...request.headers, 'content-length': Buffer.byteLength(request.body) },
    };
    const call = open(request.url, options);
    call.once('response', resolve);
    call.once('error', reject);
    call.end(request.body);
  });
}

/**
 * Loads the client at the first message, and past `import`: importing `node:http` evaluates its
 * lazy exports, which pulls in a whole second HTTP stack (measured on Node 26: 64 MB of RSS against
 * 48 this way, over 43 for nothing). The watchdog has to fit beside everything else.
 */
function open(url: URL, options: RequestOptions): ClientRequest {
  if (url.protocol === 'https:') return builtin('node:https').request(url, options);
  return builtin('node:http').request(url, options);
}

function builtin<Name extends 'node:http' | 'node:https'>(name: Name) {
  return process.getBuiltinModule(name);
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<PostAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      answer.destroy();
      throw postFailed(`an answer of more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  if (!answer.complete) throw postFailed('an answer that was cut off');
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'the connection failed';
}

function postFailed(what: string): NightshiftError {
  return new NightshiftError('post-failed', what, { retryable: true });
}
