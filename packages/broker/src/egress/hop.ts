import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { errorFacts, NightshiftError } from '@nightshift/domain';
import { buildConnector, Client } from 'undici';
import { readAll, TooLarge } from '../body.ts';
import type { Address } from './addresses.ts';
import type { Destination } from './hosts.ts';
import type { EgressLimits } from './limits.ts';

/** One request to one vetted destination. */
export interface Hop {
  readonly to: Destination;
  /** The only addresses that may be connected to; not empty. */
  readonly addresses: readonly Address[];
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

/** What came back, whole and decoded. */
export interface Landed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/**
 * Sends one request over a connection of its own, to a vetted address and no other: the name is not
 * resolved again, so it cannot turn into something else between check and connect. HTTP/1.1, no
 * redirects, no proxy.
 *
 * @param bodyBytes limit of the body; with `cut` the rest is dropped, else it is an error.
 * @throws NightshiftError `fetch-too-large`, `fetch-timeout`, `fetch-aborted`, `fetch-failed`.
 */
export async function sendHop(
  hop: Hop,
  limits: EgressLimits,
  bodyBytes: number,
  cut = false,
): Promise<Landed> {
  const deadline = AbortSignal.timeout(limits.hopMs);
  const client = new Client(hop.to.url.origin, {
    connect: pinned(hop.addresses, limits.connectMs),
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const answer = await client.request({
      method: hop.method,
      path: hop.to.url.pathname + hop.to.url.search,
      headers: { ...hop.headers },
      body: hop.body.byteLength === 0 ? null : hop.body,
      signal: AbortSignal.any([hop.signal, deadline]),
    });
    answer.body.on('error', () => undefined);
    const { statusCode: status, headers } = answer;
    const raw = cut
      ? await readStart(answer.body, bodyBytes)
      : await readAll(answer.body, bodyBytes);
    const body = hop.method === 'HEAD' ? raw : await decode(raw, headers, bodyBytes);
    return { status, headers, body };
  } catch (thrown) {
    throw explain(thrown, hop, deadline);
  } finally {
    void client.destroy().catch(() => undefined);
  }
}

/** A connector that hands the vetted addresses to the socket in place of a lookup. */
function pinned(addresses: readonly Address[], timeout: number): buildConnector.connector {
  const [first] = addresses;
  return buildConnector({
    allowH2: false,
    timeout,
    lookup: (_name, options, callback) => {
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first?.address ?? '', first?.family);
    },
  });
}

async function readStart(body: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= bytes) break;
  }
  return Buffer.concat(chunks).subarray(0, bytes);
}

const DECODERS: Readonly<
  Record<string, (raw: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** Undoes content encodings, each within the limit: a small file can unfold into gigabytes. */
async function decode(
  raw: Uint8Array,
  headers: Landed['headers'],
  maxOutputLength: number,
): Promise<Uint8Array> {
  const codings = String(headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (raw.byteLength === 0) return raw;
  if (codings.length > 2) throw new Error('encoded more than twice');
  let body = raw;
  for (const coding of codings.toReversed()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
    if (decoder === undefined) throw new Error('an encoding that is not known');
    body = await decoder(body, { maxOutputLength });
  }
  return body;
}

function explain(thrown: unknown, { to, signal }: Hop, deadline: AbortSignal): NightshiftError {
  const { code, message } = errorFacts(thrown);
  const large = thrown instanceof TooLarge || code === 'ERR_BUFFER_TOO_LARGE';
  if (large) return fetchError('fetch-too-large', to, 'the body is too large', false);
  if (signal.aborted) return fetchError('fetch-aborted', to, 'aborted', true);
  if (deadline.aborted) return fetchError('fetch-timeout', to, 'took too long', true);
  return fetchError('fetch-failed', to, code === 'error' ? message : code, true);
}

function fetchError(code: string, to: Destination, why: string, retryable: boolean) {
  return new NightshiftError(code, `fetch from ${to.host}: ${why}`, { at: to.host, retryable });
}
