import type { Effects } from '../faults.ts';
import { BadScript, FaultScript } from '../faults.ts';
import { Gate } from './gate.ts';
import type { Exchange, JsonAnswer } from './http-server.ts';
import { hang, pause, reset, sendJson, startHttp } from './http-server.ts';
import type { RequestRecord } from './request-log.ts';
import { RequestLog } from './request-log.ts';
import { Watch } from './watch.ts';

/** What every scripted server offers to the test that started it. */
export interface ScriptedServer<Fault> {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** Replaces the faults still to come; `[]` clears them. Throws `BadScript`. */
  script(faults: readonly Fault[]): void;
  /** Lets the oldest `count` held calls go on (all if absent); returns how many there were. */
  release(count?: number): number;
  /** How many calls a gate holds now. */
  held(): number;
  /** Resolves once at least `count` calls are held. */
  waitForHeld(count: number): Promise<void>;
  /** The newest requests to the API itself, refused ones too. */
  requests(): readonly RequestRecord[];
  /** Resolves once at least `count` requests have arrived since the start, refused ones too. */
  waitForCalls(count: number): Promise<void>;
  /** Resolves once no call is in flight: all answered, cut, or left by their clients. */
  waitForIdle(): Promise<void>;
  /** Resolves once `ready()` holds; it is asked again whenever the server's state changes. */
  waitUntil(what: string, ready: () => boolean): Promise<void>;
  /** Destroys open sockets, frees the port, rejects those who wait. Twice is legal. */
  close(): Promise<void>;
}

/** The parts of a scripted server that its API works with. */
export interface Core {
  readonly faults: FaultScript;
  readonly gate: Gate;
  readonly watch: Watch;
}

/** What makes a scripted server this one. */
export interface ScriptedOptions {
  readonly kind: 'model' | 'receiver';
  readonly port?: number | undefined;
  readonly maxBodyBytes: number;
  readonly tooLarge: JsonAnswer;
  /** Further `GET /__name` pages: name to content. */
  readonly pages: Readonly<Record<string, () => unknown>>;
  /** Answers a request to the API. */
  handle(exchange: Exchange, core: Core): Promise<void>;
}

/**
 * Starts a server with an API, a fault script, a gate, and control pages for other processes:
 * `POST /__script`, `POST /__release`, `GET /__requests`, `GET /__held`. The last two take
 * `?atLeast=N` and then answer only once there are that many.
 */
export async function startScripted<Fault>(
  options: ScriptedOptions,
): Promise<ScriptedServer<Fault>> {
  const watch = new Watch();
  const core: Core = { faults: new FaultScript(options.kind), gate: new Gate(watch), watch };
  const log = new RequestLog();
  let inFlight = 0;
  const waitForHeld = (count: number): Promise<void> =>
    watch.until(`${count} calls held`, () => core.gate.size >= count);
  const waitForCalls = (count: number): Promise<void> =>
    watch.until(`${count} requests`, () => log.count >= count);

  const callApi = async (exchange: Exchange): Promise<void> => {
    log.add(exchange);
    inFlight += 1;
    watch.changed();
    try {
      await options.handle(exchange, core);
    } finally {
      inFlight -= 1;
      watch.changed();
    }
  };
  const controls: Controls = {
    core,
    pages: { ...options.pages, requests: () => log.records },
    waits: { held: waitForHeld, requests: waitForCalls },
  };
  const http = await startHttp({
    ...options,
    handle: (exchange) =>
      exchange.path.startsWith('/__') ? control(exchange, controls) : callApi(exchange),
  });
  return {
    url: http.url,
    port: http.port,
    script: (faults) => core.faults.load(faults),
    release: (count) => core.gate.release(count),
    held: () => core.gate.size,
    waitForHeld,
    requests: () => log.records,
    waitForCalls,
    waitForIdle: () => watch.until('no call in flight', () => inFlight === 0),
    waitUntil: (what, ready) => watch.until(what, ready),
    close: async () => {
      watch.end();
      await http.close();
    },
  };
}

interface Controls {
  readonly core: Core;
  readonly pages: Readonly<Record<string, () => unknown>>;
  readonly waits: Readonly<Record<'held' | 'requests', (count: number) => Promise<void>>>;
}

async function control(exchange: Exchange, controls: Controls): Promise<void> {
  const { method, path } = exchange;
  const name = path.slice('/__'.length);
  if (method === 'POST' && name === 'script') return loadScript(exchange, controls.core);
  if (method === 'POST' && name === 'release') return release(exchange, controls.core);
  const atLeast = Number(exchange.query.get('atLeast') ?? 0);
  if (name === 'held' || name === 'requests') await controls.waits[name](atLeast);
  if (name === 'held') return reply(exchange, { held: controls.core.gate.size });
  const page = Object.hasOwn(controls.pages, name) ? controls.pages[name] : undefined;
  if (method !== 'GET' || page === undefined) {
    return sendJson(exchange, { status: 404, body: { error: `no control ${method} ${path}` } });
  }
  return reply(exchange, page());
}

function reply(exchange: Exchange, body: unknown): Promise<void> {
  return sendJson(exchange, { status: 200, body });
}

async function loadScript(exchange: Exchange, core: Core): Promise<void> {
  try {
    core.faults.load(JSON.parse(exchange.body.toString('utf8')));
  } catch (error) {
    if (!(error instanceof BadScript || error instanceof SyntaxError)) throw error;
    return sendJson(exchange, { status: 400, body: { error: error.message } });
  }
  return reply(exchange, { ok: true });
}

async function release(exchange: Exchange, core: Core): Promise<void> {
  const count = exchange.query.get('count');
  const released = core.gate.release(count === null ? undefined : Number(count));
  return reply(exchange, { released });
}

/**
 * Plays the effects that come before any byte of an answer: delay, gate, hang, reset.
 * Returns whether the call goes on; after a reset it does not.
 */
export async function playBeforeAnswer(
  effects: Effects,
  exchange: Exchange,
  gate: Gate,
): Promise<boolean> {
  if (effects.delayMs !== undefined) await pause(exchange, effects.delayMs);
  if (effects.gate === 'before-headers') await gate.hold(exchange);
  if (effects.hang === 'before-headers') await hang(exchange);
  if (effects.resetBeforeByte === true) {
    reset(exchange);
    return false;
  }
  return true;
}

/** The `Retry-After` header of a scripted failure, if it has one. */
export function retryAfterHeader(effects: Effects): Record<string, string> {
  const { retryAfter } = effects;
  if (retryAfter === undefined) return {};
  const value = typeof retryAfter === 'number' ? Math.ceil(retryAfter) : retryAfter;
  return { 'retry-after': String(value) };
}
