import type { Json, LogLevel } from '@nightshift/domain';
import type { AgentLog } from 'nightshift';
import type { LogParams } from '../channel/protocol.ts';
import type { Client } from './client.ts';
import { toJson } from 'nightshift/runtime';

/** Log lines that wait to be sent; more than this are dropped and counted. */
const WAITING_MAX = 1_000;
const MESSAGE_MAX = 8_000;
const FIELDS_MAX_BYTES = 16_000;

/** What an agent says on the side: never waits, never fails, bounded. */
export class Output {
  readonly #client: Client;
  #lines: LogParams[] = [];
  #dropped = 0;
  #progress: { done: number; total: number; note: string } | null = null;
  #pumping: Promise<void> | null = null;

  constructor(client: Client) {
    this.#client = client;
  }

  /** How far it is. Only the latest that was not yet sent is kept. */
  progress(done: number, total: number, note = ''): void {
    this.#progress = { done: finite(done), total: finite(total), note: clip(note, 200) };
    this.#pump();
  }

  readonly log: AgentLog = {
    debug: (message, fields) => this.#log('debug', message, fields),
    info: (message, fields) => this.#log('info', message, fields),
    warn: (message, fields) => this.#log('warn', message, fields),
    error: (message, fields) => this.#log('error', message, fields),
  };

  /** Resolves when everything said so far was sent. */
  async flush(): Promise<void> {
    while (this.#pumping !== null) await this.#pumping;
  }

  #log(level: LogLevel, message: string, fields: { readonly [key: string]: Json } = {}): void {
    if (this.#lines.length >= WAITING_MAX) this.#dropped += 1;
    else this.#lines.push({ level, message: clip(message, MESSAGE_MAX), ...plain(fields) });
    this.#pump();
  }

  #pump(): void {
    this.#pumping ??= this.#sendAll().finally(() => (this.#pumping = null));
  }

  async #sendAll(): Promise<void> {
    // Everything that is said in the same turn is one pass, so a loop of progress calls is one
    // call.
    await Promise.resolve();
    while (this.#lines.length > 0 || this.#progress !== null) {
      const lines = this.#lines;
      this.#lines = [];
      for (const params of lines) await this.#send({ method: 'log', params });
      await this.#sendProgress();
      await this.#sendDropped();
    }
  }

  async #sendProgress(): Promise<void> {
    const params = this.#progress;
    this.#progress = null;
    if (params !== null) await this.#send({ method: 'progress', params });
  }

  async #sendDropped(): Promise<void> {
    if (this.#dropped === 0) return;
    const message = `${this.#dropped} log lines were dropped`;
    this.#dropped = 0;
    await this.#send({ method: 'log', params: { level: 'warn', message, fields: {} } });
  }

  async #send(call: Parameters<Client['control']>[0]): Promise<void> {
    // A line that could not be kept is not a reason to fail the job.
    await this.#client.control(call).catch(() => undefined);
  }
}

function plain(fields: { readonly [key: string]: Json }): Pick<LogParams, 'fields'> {
  try {
    const json = toJson(fields, 'fields') as { readonly [key: string]: Json };
    if (JSON.stringify(json).length <= FIELDS_MAX_BYTES) return { fields: json };
    return { fields: { omitted: `fields over ${FIELDS_MAX_BYTES} bytes` } };
  } catch (error) {
    return { fields: { omitted: (error as Error).message } };
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** Agents are JavaScript too: what is not a text becomes one. */
function clip(text: unknown, max: number): string {
  return String(text).slice(0, max);
}
