import type { Exchange } from './http/http-server.ts';
import { sendJson, startHttp } from './http/http-server.ts';
import type { RequestRecord } from './http/request-log.ts';
import { RequestLog } from './http/request-log.ts';
import { Watch } from './http/watch.ts';
import type { Page, Script } from './web/page.ts';
import { BadPage, parseScript } from './web/page.ts';
import { servePage } from './web/serve.ts';

/** How to start a web server. */
export interface WebOptions {
  readonly port?: number | undefined;
  /** Path (without query) to what it answers. */
  readonly routes?: Readonly<Record<string, Script>> | undefined;
}

/** A running web server. What is not routed is a 404; every method gets the same page. */
export interface WebServer {
  readonly url: string;
  readonly port: number;
  /** Sets what a path answers. Throws `BadPage`. */
  route(path: string, script: Script): void;
  /** How many requests a path has had, whatever the answer. */
  count(path: string): number;
  /** The newest requests, with their bodies. */
  requests(): readonly RequestRecord[];
  /** Resolves once at least `count` requests have arrived, for `path` or for any. */
  waitForRequests(count: number, path?: string): Promise<void>;
  /** Destroys open sockets, frees the port, rejects those who wait. Twice is legal. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Starts a web server on 127.0.0.1 with scripted pages. `/robots.txt` is a path like any other.
 * For other processes: `POST /__routes` (path to script, added to what there is),
 * `GET /__requests`.
 */
export async function startWeb(options: WebOptions = {}): Promise<WebServer> {
  const routes = new Map<string, Page[]>();
  const counts = new Map<string, number>();
  const log = new RequestLog();
  const watch = new Watch();
  const addRoutes = (added: Readonly<Record<string, unknown>>): void => {
    const parsed = Object.entries(added).map(
      ([path, script]) => [path, parseScript(script)] as const,
    );
    for (const [path, pages] of parsed) routes.set(path, [...pages]);
  };
  const visit = async (exchange: Exchange): Promise<void> => {
    log.add(exchange);
    counts.set(exchange.path, (counts.get(exchange.path) ?? 0) + 1);
    watch.changed();
    await servePage(exchange, takePage(routes.get(exchange.path)));
  };
  addRoutes(options.routes ?? {});
  const http = await startHttp({
    port: options.port,
    maxBodyBytes: MAX_BODY_BYTES,
    tooLarge: { status: 413, body: { error: 'too large' } },
    handle: (exchange) =>
      exchange.path.startsWith('/__') ? control(exchange, addRoutes, log) : visit(exchange),
  });
  const countOf = (path?: string): number =>
    path === undefined ? log.count : (counts.get(path) ?? 0);
  return {
    url: http.url,
    port: http.port,
    route: (path, script) => addRoutes({ [path]: script }),
    count: (path) => countOf(path),
    requests: () => log.records,
    waitForRequests: (count, path) =>
      watch.until(`${count} requests for ${path ?? 'any path'}`, () => countOf(path) >= count),
    close: async () => {
      watch.end();
      await http.close();
    },
  };
}

/** The next page of a list; its last one stays. */
function takePage(pages: Page[] | undefined): Page {
  const [first, ...rest] = pages ?? [];
  if (rest.length > 0) pages?.shift();
  return first ?? { status: 404, body: 'not found' };
}

async function control(
  exchange: Exchange,
  addRoutes: (added: Readonly<Record<string, unknown>>) => void,
  log: RequestLog,
): Promise<void> {
  const { method, path } = exchange;
  if (method === 'GET' && path === '/__requests') {
    return sendJson(exchange, { status: 200, body: log.records });
  }
  if (method !== 'POST' || path !== '/__routes') {
    return sendJson(exchange, { status: 404, body: { error: `no control ${method} ${path}` } });
  }
  try {
    addRoutes(JSON.parse(exchange.body.toString('utf8')) as Record<string, unknown>);
  } catch (error) {
    if (!(error instanceof BadPage || error instanceof SyntaxError)) throw error;
    return sendJson(exchange, { status: 400, body: { error: error.message } });
  }
  return sendJson(exchange, { status: 200, body: { ok: true } });
}
