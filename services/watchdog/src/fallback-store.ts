import {
  NightshiftError,
  toError,
  type Clock,
  type Finding,
  type WatchStore,
} from '@nightshift/domain';
import { watchdogError } from '@nightshift/alerts';
import type { Log } from '@nightshift/lifecycle';

/** Why the file cannot be used: not because of one statement, and not for a moment. */
const UNUSABLE: ReadonlySet<string> = new Set([
  'disk-full',
  'database-read-only',
  'database-corrupt',
  'database-io',
  'database-unavailable',
  'database-busy',
  'state-not-writable',
]);
/** Between two tries to go back to the file, ms. */
const RETURN_MS = 30_000;
/** Rows that are carried over at most, either way. */
const CARRIED_MAX = 500;

export interface FallbackOptions {
  /** Null where the file could not even be opened. */
  readonly file: WatchStore | null;
  readonly memory: () => Promise<WatchStore>;
  /** Opens the file again. @throws while it cannot be used */
  readonly reopen: () => Promise<WatchStore>;
  /** Where a damaged file was moved since this was last asked; null when none was. */
  readonly movedAside?: () => string | null;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error' | 'info'>;
}

/** The watchdog's store, and what is wrong with it. */
export interface FallbackStore extends WatchStore {
  /** Why alerts are kept in memory alone; null when they are kept in the file. */
  readonly trouble: Error | null;
  finding(): Finding | null;
  /** Goes back to the file if it is time and it can be used again, with everything that is open. */
  tryReturn(): Promise<void>;
}

/**
 * A watchdog that cannot write still has to speak. When its file fails, what is open and what waits
 * to be sent is carried into memory and goes on from there; each new message is also written to the
 * log. A restart in that state forgets, and tells again.
 */
export async function fallbackStore(options: FallbackOptions): Promise<FallbackStore> {
  const it = new Switching(options);
  await it.begin();
  const handler: ProxyHandler<Switching> = {
    get(target, name) {
      // A store is no promise, whoever asks.
      if (name === 'then') return undefined;
      if (name in target) {
        const own: unknown = Reflect.get(target, name, target);
        return typeof own === 'function' ? own.bind(target) : own;
      }
      return (...args: unknown[]) => target.call(name as keyof WatchStore, args);
    },
  };
  return new Proxy(it, handler) as unknown as FallbackStore;
}

class Switching {
  readonly #options: FallbackOptions;
  #file: WatchStore | null;
  #memory: WatchStore | null = null;
  #switching: Promise<void> | null = null;
  #returnAt = 0;
  trouble: Error | null = null;

  constructor(options: FallbackOptions) {
    this.#options = options;
    this.#file = options.file;
  }

  async begin(): Promise<void> {
    if (this.#file === null) await this.#toMemory(new Error('the file cannot be opened'));
  }

  finding(): Finding | null {
    if (this.trouble === null) return this.#begunAnew();
    const finding = watchdogError('own database', this.trouble);
    const detail = `${finding.detail}. Alerts are kept in memory; a restart forgets them.`;
    return { ...finding, detail };
  }

  #begunAnew(): Finding | null {
    const file = this.#options.movedAside?.() ?? null;
    if (file === null) return null;
    const finding = watchdogError('own database', new Error(`it was damaged; it lies in ${file}`));
    const detail = `${finding.detail}. A new one is begun: what was open is told again, acknowledgements are forgotten.`;
    return { ...finding, key: `${finding.key}:begun-anew`, detail, once: true };
  }

  async tryReturn(): Promise<void> {
    const { clock, reopen, log } = this.#options;
    if (this.#memory === null || clock.monotonic() < this.#returnAt) return;
    this.#returnAt = clock.monotonic() + RETURN_MS;
    try {
      const file = await reopen();
      await carry(this.#memory, file);
      this.#memory.close();
      [this.#file, this.#memory, this.trouble] = [file, null, null];
      log.info('own-database-back', 'alerts are kept in the file again');
    } catch (error) {
      this.trouble = toError(error);
    }
  }

  close(): void {
    this.#file?.close();
    this.#memory?.close();
  }

  async call(name: keyof WatchStore, args: unknown[]): Promise<unknown> {
    await this.#switching;
    if (this.#memory !== null) return this.#inMemory(name, args);
    try {
      return await invoke(this.#file!, name, args);
    } catch (error) {
      if (!isUnusable(error)) throw error;
      await (this.#switching ??= this.#toMemory(error).finally(() => (this.#switching = null)));
      return this.#inMemory(name, args);
    }
  }

  async #inMemory(name: keyof WatchStore, args: unknown[]): Promise<unknown> {
    if (name === 'apply') this.#logMessages(args[1] as Parameters<WatchStore['apply']>[1]);
    return invoke(this.#memory!, name, args);
  }

  #logMessages(deliveries: Parameters<WatchStore['apply']>[1]): void {
    for (const { channel, message } of deliveries) {
      this.#options.log.error('unsaved-message', message.title, { channel, text: message.body });
    }
  }

  async #toMemory(error: unknown): Promise<void> {
    const { memory, log, clock } = this.#options;
    this.trouble = toError(error);
    log.error('own-database-unusable', 'going on in memory', { error: this.trouble });
    const store = await memory();
    if (this.#file !== null) {
      await carry(this.#file, store).catch(() => undefined);
      this.#file.close();
    }
    [this.#file, this.#memory] = [null, store];
    this.#returnAt = clock.monotonic() + RETURN_MS;
  }
}

/** What has to outlive the change: what is open, its messages, and how far the news were read. */
async function carry(from: WatchStore, to: WatchStore): Promise<void> {
  const known = new Map((await to.openIncidents()).map((it) => [it.key, it]));
  const all = await from.incidents(CARRIED_MAX);
  const incidents = all.filter((it) => (known.get(it.key)?.id ?? it.id) === it.id);
  for (const incident of incidents) {
    const theirs = new Map((await to.deliveriesOf(incident.id)).map((it) => [it.id, it]));
    const ours = await from.deliveriesOf(incident.id);
    await to.apply(
      [incident],
      ours.filter((it) => !theirs.has(it.id)),
    );
    for (const row of ours) {
      const seen = theirs.get(row.id);
      if (seen !== undefined) await to.updateDelivery(seen, row);
    }
  }
  // News have no incident.
  for (const row of await from.due(CARRIED_MAX)) {
    if ((await to.deliveriesOf(row.incident)).length === 0) await to.apply([], [row]);
  }
  for (const name of ['seen:dead', 'seen:reports', 'braked', 'summary:day', 'halt:told']) {
    const value = await from.recall(name);
    if (value !== null) await to.remember(name, value);
  }
}

function invoke(store: WatchStore, name: keyof WatchStore, args: unknown[]): unknown {
  return (store[name] as (...args: unknown[]) => unknown).apply(store, args);
}

function isUnusable(error: unknown): boolean {
  return error instanceof NightshiftError && UNUSABLE.has(error.code);
}
