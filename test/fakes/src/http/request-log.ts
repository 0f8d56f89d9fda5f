import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from './http-server.ts';

/** A request as it arrived. */
export interface RequestRecord {
  readonly n: number;
  /** Epoch ms of the moment its body had been read. */
  readonly at: number;
  readonly method: string;
  /** Path with the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as text, byte for byte where it is UTF-8. */
  readonly rawBody: string;
}

/** Old records are dropped beyond this many; the count goes on. */
const KEEP_RECORDS = 10_000;

/** The newest requests, and how many there ever were. */
export class RequestLog {
  readonly #records: RequestRecord[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get records(): readonly RequestRecord[] {
    return [...this.#records];
  }

  add(exchange: Exchange): RequestRecord {
    this.#count += 1;
    const query = exchange.query.size > 0 ? `?${exchange.query.toString()}` : '';
    const record: RequestRecord = {
      n: this.#count,
      at: Date.now(),
      method: exchange.method,
      path: `${exchange.path}${query}`,
      headers: exchange.headers,
      rawBody: exchange.body.toString('utf8'),
    };
    this.#records.push(record);
    if (this.#records.length > KEEP_RECORDS) this.#records.shift();
    return record;
  }
}
