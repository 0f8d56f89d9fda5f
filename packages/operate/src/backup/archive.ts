import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { EXIT, NightshiftError } from '@nightshift/domain';
import type { Inspection } from '@nightshift/store';

/** What every backup holds beside the files it lists. */
export const MANIFEST = 'manifest.json';
export const BACKUP_FORMAT = 1;

/** One file of a backup. */
export interface BackedUp {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a backup says about itself. */
export interface Manifest {
  readonly format: number;
  readonly version: string;
  readonly installation: string;
  /** Before the copies began, epoch ms: what came later may be missing. */
  readonly madeAt: number;
  readonly databases: readonly (BackedUp & Inspection)[];
  /** The configuration as it was; null where there was no file. */
  readonly config: BackedUp | null;
}

/**
 * Packs `members` of the folder `dir` into one compressed file. tar is on every Linux and Mac, and
 * so is a person who can open its files without this program.
 * @throws NightshiftError `backup-failed` (75)
 */
export async function pack(file: string, dir: string, members: readonly string[]): Promise<void> {
  const said = await tar(['-czf', file, '-C', dir, '--', ...members]);
  if (said !== null) throw failed('backup-failed', said, file, 'free disk space, then try again');
}

/**
 * Unpacks exactly `members` into `dir`. The compressed stream carries a checksum of its own, so a
 * file that was cut is found out here.
 * @throws NightshiftError `backup-damaged` (78)
 */
export async function unpack(file: string, dir: string, members: readonly string[]): Promise<void> {
  const owner = ['--no-same-owner', '--no-same-permissions'];
  const said = await tar(['-xzf', file, '-C', dir, ...owner, '--', ...members]);
  if (said !== null) throw damaged(file, said);
}

/** Runs tar. @returns null, or why it failed. */
async function tar(args: readonly string[]): Promise<string | null> {
  const child = spawn('tar', [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => {
      const last = said.trim().split('\n')[0] ?? '';
      resolve(code === 0 ? null : last || `tar ended with ${code}`);
    });
  });
}

/** Size and SHA-256 of a file, read once. */
export async function fingerprint(file: string): Promise<Pick<BackedUp, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** A backup that cannot be trusted. */
export function damaged(file: string, why: string): NightshiftError {
  const message = `the backup is damaged or no backup: ${why}`;
  return failed('backup-damaged', message, file, 'use another backup', EXIT.config);
}

function failed(
  code: string,
  message: string,
  at: string,
  fix: string,
  exitCode: 75 | 78 = EXIT.tryAgain,
): NightshiftError {
  return new NightshiftError(code, message, { at, fix, exitCode });
}
