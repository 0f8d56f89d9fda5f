import type { Json } from '@nightshift/domain';
import { AgentError } from './agent-error.ts';

const DEPTH_MAX = 100;

/**
 * `value` as JSON data, or an error that names the place: a Map, a Date or NaN would silently come
 * back as something else. Properties that are undefined are left out; undefined itself is null.
 *
 * @throws AgentError `not-json`
 */
export function toJson(value: unknown, what: string): Json {
  return convert(value ?? null, what, 0);
}

function convert(value: unknown, place: string, depth: number): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw notJson(place, String(value));
  }
  if (typeof value !== 'object') throw notJson(place, `a ${typeof value}`);
  if (depth > DEPTH_MAX) throw notJson(place, 'nested too deeply, or circular');
  if (Array.isArray(value)) {
    return value.map((item, i) => convert(item ?? null, `${place}[${i}]`, depth + 1));
  }
  return convertObject(value, place, depth);
}

function convertObject(value: object, place: string, depth: number): Json {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw notJson(place, `a ${value.constructor?.name ?? 'class instance'}`);
  }
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key, convert(item, `${place}.${key}`, depth + 1)] as const);
  return Object.fromEntries(entries);
}

function notJson(place: string, found: string): AgentError {
  return new AgentError('not-json', `${place} is not JSON: found ${found}`);
}
