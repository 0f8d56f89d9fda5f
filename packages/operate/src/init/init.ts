import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, NightshiftError, parseUsd } from '@nightshift/domain';
import { checkoutPath } from '../service-process.ts';
import {
  type StarterChoices,
  starterCommand,
  starterFiles,
  starterLinks,
} from './starter-files.ts';

type Chosen = Omit<StarterChoices, 'name'>;

export interface InitRequest extends Readonly<{ [K in keyof Chosen]?: Chosen[K] | undefined }> {
  /** Relative to `cwd`. */
  readonly dir: string;
  readonly cwd: string;
}

export interface InitResult {
  readonly dir: string;
  readonly files: readonly string[];
  readonly choices: StarterChoices;
}

/** What is taken where nothing was said: no key, no network, no one to tell. */
export const STARTER_DEFAULTS = {
  perDay: '$1.00',
  model: 'extractive',
  channel: 'none',
} as const;

/**
 * Writes a starter project. A file that is there already is never changed: then nothing is written.
 * @throws NightshiftError `init-exists` (64), `bad-timezone`, `bad-budget` (64)
 */
export function init(request: InitRequest): InitResult {
  const dir = resolve(request.cwd, request.dir);
  const choices = chosen(request, dir);
  const files = starterFiles(choices);
  const taken = Object.keys(files).filter((it) => existsSync(join(dir, it)));
  if (taken.length > 0) throw exists(dir, taken);
  for (const [name, text] of Object.entries(files)) {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  }
  link(dir);
  return { dir, files: Object.keys(files), choices };
}

function chosen(request: InitRequest, dir: string): StarterChoices {
  const timezone = request.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { perDay, model, channel } = { ...STARTER_DEFAULTS, ...defined(request) };
  requireZone(timezone);
  requireMoney(perDay);
  const name =
    basename(dir)
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-') || 'night';
  return { name, timezone, perDay, model, channel };
}

function defined(request: InitRequest): Partial<StarterChoices> {
  const entries = Object.entries(request).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<StarterChoices>;
}

/**
 * Makes the project resolve what it imports, as an installer would: links into this checkout, so
 * that there is one version of everything and no download.
 */
function link(dir: string): void {
  const modules = join(dir, 'node_modules');
  for (const [name, target] of Object.entries(starterLinks())) {
    const path = join(modules, name);
    mkdirSync(dirname(path), { recursive: true });
    if (!readdirSync(dirname(path)).includes(basename(name)))
      symlinkSync(realpathSync(target), path);
  }
  const command = join(modules, '.bin', 'nightshift');
  mkdirSync(dirname(command), { recursive: true });
  writeFileSync(command, starterCommand(ownNode()));
  chmodSync(command, 0o755);
}

/** The Node of the checkout: the one this runs on may belong to a shell that is gone tomorrow. */
export function ownNode(): string {
  const own = checkoutPath('node_modules/node/bin/node');
  return existsSync(own) ? own : process.execPath;
}

function requireZone(timezone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch (cause) {
    throw wrong(
      'bad-timezone',
      `no time zone is named ${timezone}`,
      'Europe/Berlin, or UTC',
      cause,
    );
  }
}

function requireMoney(perDay: string): void {
  try {
    parseUsd(perDay);
  } catch (cause) {
    throw wrong('bad-budget', `${perDay} is no amount`, 'write it as $1.00', cause);
  }
}

function wrong(code: string, message: string, fix: string, cause: unknown): NightshiftError {
  return new NightshiftError(code, message, { fix, exitCode: EXIT.usage, cause });
}

function exists(dir: string, taken: readonly string[]): NightshiftError {
  return new NightshiftError('init-exists', `there is already ${taken.join(', ')}`, {
    at: dir,
    fix: 'name an empty folder: nightshift init DIR',
    exitCode: EXIT.usage,
  });
}
