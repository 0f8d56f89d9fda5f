import type { Clock } from './clock.ts';

/**
 * A UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits, so that ids sort by
 * the time they were made and need no counter shared between processes.
 */
export function uuidv7(clock: Clock): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const ms = BigInt(Math.max(0, Math.trunc(clock.now())));
  for (let i = 0; i < 6; i++) bytes[i] = Number((ms >> BigInt(8 * (5 - i))) & 0xffn);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
