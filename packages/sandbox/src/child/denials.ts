import { channel } from 'node:diagnostics_channel';
import type { Client } from './client.ts';

/** Where Node says what its permission model denied (https://nodejs.org/api/permissions.html). */
const KINDS = ['addon', 'child', 'ffi', 'fs', 'inspector', 'net', 'wasi', 'worker'] as const;

/** Where {@link noteDenied} says it. */
const OWN = channel('nightshift:denied');

interface Denied {
  readonly permission: string;
  readonly resource?: string;
}

/**
 * Tells the worker what this process was denied: the first time of each kind, the second, the
 * fifth, the tenth, and so on. It is what a child says of itself: one that is hostile enough can
 * keep silent, and is denied nevertheless.
 */
export function tellDenials(client: Client): void {
  const counts = new Map<string, number>();
  const note = (message: unknown): void => {
    const { permission, resource } = message as Denied;
    const kind = permission.slice(0, 40);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (!/^[125]0*$/.test(String(count))) return;
    const params = { permission: kind, resource: (resource ?? '').slice(0, 300), count };
    client.control({ method: 'denied', params }).catch(() => undefined);
  };
  for (const kind of KINDS) channel(`node:permission-model:${kind}`).subscribe(note);
  OWN.subscribe(note);
}

/** Says that something was denied of which Node's model says nothing. */
export function noteDenied(permission: string, resource: string): void {
  OWN.publish({ permission, resource });
}

/** {@link noteDenied}, and denies it. @throws always */
export function deny(permission: string, resource: string): never {
  noteDenied(permission, resource);
  const error = new Error(`${permission} is not for agents`);
  throw Object.assign(error, { code: 'ERR_ACCESS_DENIED', permission });
}
