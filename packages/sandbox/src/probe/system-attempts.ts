import { execFile, execFileSync } from 'node:child_process';
import cluster from 'node:cluster';
import fs from 'node:fs';
import inspector from 'node:inspector';
import { createRequire, enableCompileCache } from 'node:module';
import os from 'node:os';
import { env } from 'node:process';
import { pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import crypto from 'node:crypto';
import type { Escape } from './escape.ts';
import { event, present } from './escape.ts';

const require = createRequire(import.meta.url);
const internals = process as unknown as Record<
  string,
  ((...args: unknown[]) => unknown) | undefined
>;

/** Ways to other processes, native code and files that were not granted. */
export const systemEscapes: readonly Escape[] = [
  ['child-process', () => execFileSync('/bin/true') && 'ran'],
  ['curl', () => event(execFile('curl', ['--version']), 'spawn')],
  ['cluster', () => event(cluster.fork(), 'online')],
  ['worker-thread', () => event(new Worker('1', { eval: true }), 'online')],
  ['execve', () => present(internals['execve'], 'execve')('/bin/true', [], {})],
  ['native-addon', () => present(internals['dlopen'], 'dlopen')({ exports: {} }, '/lib/x.node')],
  ['crypto-engine', () => present(crypto.setEngine, 'setEngine')('/lib/x.so')],
  ['binding', () => present(internals['binding'], 'binding')('fs')],
  ['linked-binding', () => present(internals['_linkedBinding'], '_linkedBinding')('x')],
  ['sqlite', ({ databaseFile }) => openDatabase(databaseFile)],
  ['ffi', () => (require('node:ffi') as { dlopen(file: null): unknown }).dlopen(null)],
  ['wasi', () => (require('node:wasi') as { WASI: new (o: object) => unknown }).WASI && wasi()],
  ['kill-parent', () => present(internals['kill'], 'kill')(process.ppid, 0)],
  ['raw-kill-parent', () => present(internals['_kill'], '_kill')(process.ppid, 0)],
  ['debug-parent', () => present(internals['_debugProcess'], '_debugProcess')],
  ['renice-parent', () => present(os.setPriority, 'setPriority')(process.ppid, 0)],
  ['inspector', () => openInspector()],
  ['inspector-session', () => new inspector.Session().connect() ?? 'connected'],
  ['another-user', () => present(internals['setuid'], 'setuid')(0)],
  ['node-options', () => present(env['NODE_OPTIONS'], 'NODE_OPTIONS')],
  ['environment', () => present(Object.keys(env).find(isForeign), 'foreign variable')],
  ['descriptor', () => foreignDescriptor()],
  ['read-env-file', ({ envFile }) => fs.readFileSync(envFile, 'utf8')],
  ['load-env-file', ({ envFile }) => process.loadEnvFile(envFile) ?? 'loaded'],
  ['read-database', ({ databaseFile }) => fs.openSync(databaseFile, 'r')],
  ['read-folder', ({ folder }) => fs.readdirSync(folder)],
  ['stat-folder', ({ folder }) => fs.promises.stat(folder)],
  ['read-proc', () => fs.readFileSync(`/proc/${process.ppid}/environ`)],
  ['import-file', ({ codeFile }) => import(pathToFileURL(codeFile).href)],
  ['require-file', ({ envFile }) => require(envFile)],
  ['open-as-blob', ({ envFile }) => fs.openAsBlob(envFile).then((blob) => blob.text())],
  ['symlink-out', ({ folder }) => linkOut(folder)],
  ['hard-link-out', ({ envFile }) => fs.linkSync(envFile, 'hard') ?? 'linked'],
  ['copy-in', ({ envFile }) => fs.copyFileSync(envFile, 'copied') ?? 'copied'],
  ['rename-in', ({ envFile }) => fs.renameSync(envFile, 'moved') ?? 'moved'],
  ['watch-folder', ({ folder }) => fs.watch(folder).close() ?? 'watched'],
  ['write-file', ({ newFile }) => fs.writeFileSync(newFile, 'x') ?? 'written'],
  ['write-database', ({ databaseFile }) => fs.openSync(databaseFile, 'r+')],
  ['report-file', ({ newFile }) => written(process.report.writeReport(newFile), newFile)],
  ['heap-snapshot', ({ newFile }) => written(v8.writeHeapSnapshot(newFile), newFile)],
  ['compile-cache', ({ newFile }) => cacheCode(newFile)],
];

function isForeign(name: string): boolean {
  // The cache is a copy in the scratch folder: this child's own.
  const known = ['TZ', 'LANG', 'HOME', 'TMPDIR', 'NODE_ENV', 'PWD', 'NODE_COMPILE_CACHE'];
  return !known.includes(name);
}

/** A regular file or a folder that was left open in this process by its parent. */
function foreignDescriptor(): string {
  for (let fd = 4; fd < 256; fd += 1) {
    const stat = tryStat(fd);
    if (stat?.isFile() || stat?.isDirectory()) return `descriptor ${fd}`;
  }
  throw new Error('no foreign descriptor');
}

function tryStat(fd: number): fs.Stats | null {
  try {
    return fs.fstatSync(fd);
  } catch {
    return null;
  }
}

function openDatabase(file: string): unknown {
  const { DatabaseSync } = require('node:sqlite') as {
    DatabaseSync: new (file: string) => unknown;
  };
  return new DatabaseSync(file);
}

function wasi(): unknown {
  const { WASI } = require('node:wasi') as { WASI: new (options: object) => unknown };
  return new WASI({ version: 'preview1', preopens: { '/': '/' } });
}

function openInspector(): string {
  inspector.open(0, '127.0.0.1');
  return present(inspector.url(), 'inspector');
}

function linkOut(folder: string): string {
  fs.symlinkSync(folder, 'out');
  return fs.readdirSync('out').join();
}

/** Some functions return a name whether they wrote or not. */
function written(name: unknown, file: string): string {
  if (typeof name !== 'string' || name === '') throw new Error('nothing written');
  return `${name} ${file}`;
}

function cacheCode(folder: string): string {
  const { status, message, directory } = enableCompileCache(folder);
  // With a cache in its scratch folder already, it keeps that one.
  if (directory === undefined || !directory.startsWith(folder))
    throw new Error(message ?? `status ${status}`);
  return directory;
}
