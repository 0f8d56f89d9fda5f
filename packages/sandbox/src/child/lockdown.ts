import { registerHooks, syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { deny, noteDenied } from './denials.ts';

/**
 * Loaded before anything else in the child: takes away what Node's permission model leaves. Signals
 * to other processes are not covered by the model at all, the rest is a second lock on a door.
 * Imports of `node:process` and `node:os` see the same.
 */
const PROCESS = [
  // What `kill` is made of, and SIGUSR1, which opens an inspector.
  '_kill',
  '_debugProcess',
  '_debugEnd',
  // Ways to Node's internals and to native code.
  'binding',
  '_linkedBinding',
  'dlopen',
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

/**
 * Functions that are there and only deny: signals to the worker, to its siblings or to a whole
 * group, and another program in place of this one. Whoever calls them meant it, so it is worth
 * telling.
 */
const TELLING = ['kill', 'execve'] as const;

/** Modules that the flags of a child leave out: Node only says that it does not know them. */
const LEFT_OUT: ReadonlySet<string> = new Set(['node:sqlite', 'node:ffi']);

registerHooks({
  resolve(specifier, context, next) {
    noteLeftOut(specifier);
    return next(specifier, context);
  },
});
const getBuiltinModule = process.getBuiltinModule.bind(process);
replace(process, 'getBuiltinModule', (id: string) => {
  noteLeftOut(id);
  return getBuiltinModule(id);
});

for (const name of TELLING) {
  replace(process, name, (target: unknown) => deny(`process.${name}`, String(target)));
}
for (const name of PROCESS) remove(process, name);
// Renicing works on any process of the same user.
remove(os, 'setPriority');
syncBuiltinESMExports();

function noteLeftOut(name: string): void {
  if (LEFT_OUT.has(name)) noteDenied('module', name);
}

function remove(from: object, name: string): void {
  if (name in from) replace(from, name, undefined);
}

function replace(from: object, name: string, value: unknown): void {
  Object.defineProperty(from, name, { value, writable: false, configurable: false });
}
