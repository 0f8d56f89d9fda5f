import { syncBuiltinESMExports } from 'node:module';
import crypto from 'node:crypto';
import os from 'node:os';

/**
 * Loaded before anything else in the child: takes away what Node's permission model leaves. Signals
 * to other processes are not covered by the model at all, the rest is a second lock on a door.
 * Imports of `node:process` and `node:os` see the same.
 */
const PROCESS = [
  // Signals: to the worker, to its siblings, to a whole group; SIGUSR1 opens an inspector.
  'kill',
  '_kill',
  '_debugProcess',
  '_debugEnd',
  // Ways to Node's internals and to native code.
  'binding',
  '_linkedBinding',
  'dlopen',
  'execve',
  // Another user's rights, where the service runs as root.
  'setuid',
  'seteuid',
  'setgid',
  'setegid',
  'setgroups',
  'initgroups',
  // A core file of the heap.
  'abort',
] as const;

for (const name of PROCESS) remove(process, name);
// Renicing works on any process of the same user.
remove(os, 'setPriority');
// Loads a shared object.
remove(crypto, 'setEngine');
syncBuiltinESMExports();

function remove(from: object, name: string): void {
  if (!(name in from)) return;
  Object.defineProperty(from, name, { value: undefined, writable: false, configurable: false });
}
