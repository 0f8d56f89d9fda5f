import type { InnerDenial, Refusal } from '@nightshift/domain';
import { NightshiftError, RefusedError, sanitise, sanitiseLine, toError } from '@nightshift/domain';
import { BadFrame } from '../channel/frame.ts';
import type { Call, CallError, Finish, HeaderList } from '../channel/protocol.ts';
import { PROTOCOL_VERSION, REQUEST_MAX_BYTES } from '../channel/protocol.ts';

/** Messages from a child, checked field by field: the child is not trusted to have made them. */

type Fields = { readonly [key: string]: unknown };

const URL_MAX = 8_192;
const HEADERS_MAX = 200;
const HEADER_CHARS_MAX = 65_536;
const RETRY_AFTER_MAX_MS = 7 * 86_400_000;

/** @throws BadFrame */
export function checkHello(json: unknown): void {
  const { protocol } = fields(json);
  if (protocol !== PROTOCOL_VERSION) throw new BadFrame('the child speaks another protocol');
}

/** @throws BadFrame */
export function checkCall(json: unknown): Call {
  const { method, params } = fields(json);
  const p = fields(params);
  if (method === 'http') return { method, params: checkHttp(p) };
  if (method === 'stepResult') return { method, params: { name: text(p['name'], 200) } };
  if (method === 'completeStep') {
    return { method, params: { name: text(p['name'], 200), result: p['result'] as never } };
  }
  if (method === 'report') return { method, params: checkReport(p) };
  if (method === 'draft') {
    return {
      method,
      params: { action: text(p['action'], 200), args: (p['args'] ?? null) as never },
    };
  }
  if (method === 'progress') return { method, params: checkProgress(p) };
  if (method === 'log') return { method, params: checkLog(p) };
  if (method === 'denied') return { method, params: checkDenied(p) };
  throw new BadFrame('unknown method');
}

/** Bytes a child is ready to take. @throws BadFrame */
export function checkCredit(json: unknown): number {
  return count(fields(json)['bytes'], 0x7fff_ffff);
}

/** @throws BadFrame */
export function checkFinish(json: unknown): Finish {
  const f = fields(json);
  if (f['kind'] === 'done') return { kind: 'done' };
  const message = sanitise(text(f['message'], Infinity));
  if (f['kind'] === 'cancel') return { kind: 'cancel', message };
  if (f['kind'] !== 'failed') throw new BadFrame('unknown ending');
  const code = text(f['code'], Infinity);
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(code)) throw new BadFrame('not an error code');
  const ms = f['retryAfterMs'];
  if (ms === undefined) return { kind: 'failed', code, message };
  const retryAfterMs = Math.min(Number(ms), RETRY_AFTER_MAX_MS);
  if (!(retryAfterMs >= 0)) throw new BadFrame('not a time');
  return { kind: 'failed', code, message, retryAfterMs };
}

/** What a capability threw, for the child: never a stack, never a cause. */
export function toCallError(thrown: unknown): CallError {
  const error = toError(thrown);
  if (isRefused(error)) {
    return { code: 'refused', message: error.message, refusal: error.refusal };
  }
  const code = (error as { code?: unknown }).code;
  const known = error instanceof NightshiftError || typeof code === 'string';
  return { code: known ? kebab(String(code)) : 'call-failed', message: sanitise(error.message) };
}

/** By shape as well, for a worker that has another copy of the domain package. */
export function isRefused(error: unknown): error is RefusedError {
  if (error instanceof RefusedError) return true;
  const it = error as { name?: unknown; refusal?: Refusal };
  return it?.name === 'RefusedError' && typeof it.refusal?.reason === 'string';
}

function kebab(code: string): string {
  const plain = code.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return /^[a-z][a-z0-9-]{0,63}$/.test(plain) ? plain : 'call-failed';
}

function checkHttp(p: Fields): Extract<Call, { method: 'http' }>['params'] {
  return {
    method: text(p['method'], 32),
    url: text(p['url'], URL_MAX),
    headers: checkHeaders(p['headers']),
    step: text(p['step'], 200),
    ordinal: count(p['ordinal'], 0x7fff_ffff),
    bodyBytes: count(p['bodyBytes'], REQUEST_MAX_BYTES),
  };
}

function checkHeaders(value: unknown): HeaderList {
  if (!Array.isArray(value) || value.length > HEADERS_MAX) throw new BadFrame('bad headers');
  let chars = 0;
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new BadFrame('bad header');
    const header = [text(pair[0], HEADER_CHARS_MAX), text(pair[1], HEADER_CHARS_MAX)] as const;
    chars += header[0].length + header[1].length;
    if (chars > HEADER_CHARS_MAX) throw new BadFrame('headers too long');
    return header;
  });
}

function checkReport(p: Fields): Extract<Call, { method: 'report' }>['params'] {
  return {
    title: sanitiseLine(text(p['title'], Infinity)),
    body: text(p['body'], Infinity),
    data: p['data'] as never,
    notify: p['notify'] === true,
  };
}

function checkProgress(p: Fields): Extract<Call, { method: 'progress' }>['params'] {
  const { done, total } = p;
  if (!Number.isFinite(done) || !Number.isFinite(total)) throw new BadFrame('bad progress');
  const note = sanitiseLine(text(p['note'], Infinity));
  return { done: done as number, total: total as number, note };
}

function checkDenied(p: Fields): InnerDenial {
  const permission = sanitiseLine(text(p['permission'], 100), 40);
  const resource = sanitiseLine(text(p['resource'], 1_000), 300);
  return { permission, resource, count: count(p['count'], 0xffff_ffff) };
}

function checkLog(p: Fields): Extract<Call, { method: 'log' }>['params'] {
  const level = p['level'];
  if (level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error') {
    throw new BadFrame('bad log level');
  }
  const message = sanitise(text(p['message'], Infinity), 8_000);
  return { level, message, fields: fields(p['fields']) as never };
}

function fields(json: unknown): Fields {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Fields;
  throw new BadFrame('not an object');
}

function text(value: unknown, max: number): string {
  if (typeof value === 'string' && value.length <= max) return value;
  throw new BadFrame('not a text, or too long');
}

function count(value: unknown, max: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max) {
    return value as number;
  }
  throw new BadFrame('not a count, or too large');
}
