import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';
import type { Settings } from '../benchmark.ts';
import { openRaw } from './raw.ts';

/** `statfs` magic numbers of file systems that differ in what a commit costs (statfs(2)). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x01021994: 'tmpfs',
};

/** What a number depends on besides the code: programs, libraries, machine. */
export function versions(): Readonly<Record<string, string>> {
  return {
    node: process.versions.node,
    sqlite: sqliteVersion(),
    'better-sqlite3': versionOf('better-sqlite3'),
    undici: versionOf('undici'),
    plainjob: versionOf('plainjob'),
    'graphile-worker': versionOf('graphile-worker'),
    postgres: postgresVersion(),
    bullmq: versionOf('bullmq'),
    'pg-boss': versionOf('pg-boss'),
    redis: said('redis-server', ['--version']).replace(/^.*v=(\S+).*$/, '$1'),
    commit: commit(),
  };
}

/** How this run was made. */
export function settingsOf({ rounds }: Settings): Readonly<Record<string, string | number>> {
  return {
    rounds,
    durability: 'WAL, synchronous=FULL on every side',
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadAtStart: Number((loadavg()[0] ?? 0).toFixed(2)),
    fileSystem: fileSystem(),
  };
}

function fileSystem(): string {
  const { type } = statfsSync(tmpdir());
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
}

function sqliteVersion(): string {
  const raw = openRaw(':memory:');
  try {
    const row = raw.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    return row.version;
  } finally {
    raw.close();
  }
}

function versionOf(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const file = folders.flatMap((dir) => readable(join(dir, name, 'package.json')))[0];
  return file === undefined ? 'none' : (JSON.parse(file) as { version: string }).version;
}

function readable(file: string): string[] {
  try {
    return [readFileSync(file, 'utf8')];
  } catch {
    return [];
  }
}

function commit(): string {
  return said('git', ['-C', repoRoot, 'describe', '--always', '--dirty']);
}

function postgresVersion(): string {
  return said('postgres', ['--version']);
}

function said(command: string, args: readonly string[]): string {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return execFileSync(command, args, { encoding: 'utf8', stdio: [...stdio] }).trim();
  } catch {
    return 'none';
  }
}
