import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { EXIT, NightshiftError, toError, type SecretRef, type Settings } from '@nightshift/domain';
import { processEnvironment, type Environment } from './environment.ts';
import { resolveEntry } from './resolve-entry.ts';

/** The file that is looked for in the working folder. */
export const CONFIG_NAME = 'nightshift.config.ts';

/**
 * A configuration that is still loading after this time waits for something that never comes, ms.
 */
const IMPORT_TIMEOUT_MS = 20_000;

export interface LoadRequest {
  /** `--config`, relative to `cwd`. */
  readonly configFile?: string | undefined;
  readonly cwd: string;
  /** Default: this process's. */
  readonly environment?: Environment;
  /** Checks an expression beyond its shape; null when it is fine. */
  readonly checkCron?: (expression: string, timezone: string) => string | null;
  /** True also reports secrets that are set nowhere: for `check`. */
  readonly checkSecrets?: boolean;
  /** True also reports entries of agents that are not there: for `check`. */
  readonly checkEntries?: boolean;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** The environment with the `.env` beside the configuration below it. */
  readonly environment: Environment;
}

/**
 * Finds, imports and validates the configuration; without a file, the built-in default.
 *
 * @throws NightshiftError (all 78) `config-missing`, `config-unreadable` (syntax, a failing or
 * unresolvable import, with the line where Node tells it), `config-no-default`, `config-invalid`
 * (every mistake at once), `env-unreadable`.
 */
export async function loadSettings(request: LoadRequest): Promise<LoadedSettings> {
  const { cwd } = request;
  const file = configFileOf(request.configFile, cwd);
  const dir = file === null ? cwd : dirname(file);
  const environment = (request.environment ?? processEnvironment()).withDefaults(readDotEnv(dir));
  // Loaded here, because only a process that reads a configuration needs the validator.
  const { defaultConfig, parseConfig } = await import('nightshift/config');
  const version = file === null ? 0 : versionOf(file);
  const raw = file === null ? defaultConfig() : await importConfig(file, version);
  const settings = parseConfig(raw, {
    file,
    dir,
    version,
    ...(request.checkCron === undefined ? {} : { checkCron: request.checkCron }),
    ...(request.checkSecrets === true
      ? { resolve: (ref: SecretRef) => environment.resolveSecret(ref) }
      : {}),
    ...(request.checkEntries === true
      ? { checkEntry: (entry: string) => missingEntry(entry, dir) }
      : {}),
  });
  return { settings, environment };
}

function missingEntry(entry: string, dir: string): string | null {
  try {
    resolveEntry(entry, dir, '');
    return null;
  } catch (error) {
    const { message, fix } = error as NightshiftError;
    return `${message}; ${fix}`;
  }
}

/**
 * When the file became what it is, epoch ms: the newest owns the caps. Not its mtime alone: one
 * that is put back from a copy keeps the old one, and its lower caps would not hold.
 */
function versionOf(file: string): number {
  const { mtimeMs, ctimeMs } = statSync(file);
  return Math.floor(Math.max(mtimeMs, ctimeMs));
}

/** The configuration's path, or null when none is named and none is in the working folder. */
export function configFileOf(named: string | undefined, cwd: string): string | null {
  const file = resolve(cwd, named ?? CONFIG_NAME);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile() === true) return file;
  if (named === undefined && stat === undefined) return null;
  throw problem('config-missing', stat === undefined ? 'there is no such file' : 'it is no file', {
    at: file,
    fix: `name the configuration with --config FILE, or write ${CONFIG_NAME}`,
  });
}

async function importConfig(file: string, version: number): Promise<unknown> {
  let module: { default?: unknown };
  try {
    // The query makes a changed file another module: a long-lived process may load it again.
    module = await inTime(import(`${pathToFileURL(file).href}?version=${version}`), file);
  } catch (thrown) {
    throw thrown instanceof NightshiftError ? thrown : importProblem(file, toError(thrown));
  }
  if (module.default === undefined) {
    throw problem('config-no-default', 'it has no default export', {
      at: file,
      fix: 'write: export default defineConfig({ ... })',
    });
  }
  return module.default;
}

async function inTime<T>(work: Promise<T>, file: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      problem('config-unreadable', `still loading after ${IMPORT_TIMEOUT_MS} ms`, { at: file }),
    );
  }, IMPORT_TIMEOUT_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function importProblem(file: string, error: Error): NightshiftError {
  const code = (error as { code?: unknown }).code;
  const missing = /Cannot find (?:package|module) '([^']+)'/.exec(error.message)?.[1];
  if (code === 'ERR_MODULE_NOT_FOUND' && missing !== undefined) {
    return problem('config-unreadable', `it imports ${missing}, which cannot be found`, {
      at: importer(error.message) ?? file,
      fix: 'install it where the configuration lies, or correct the path (with its extension)',
      cause: error,
    });
  }
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING') {
    return problem('config-unreadable', 'Node does not read TypeScript below node_modules', {
      at: file,
      fix: 'move the configuration out of node_modules',
      cause: error,
    });
  }
  return problem('config-unreadable', `${error.name}: ${firstLine(error.message)}`, {
    at: placeIn(file, error),
    fix: 'correct the file; nightshift check says when it is right',
    cause: error,
  });
}

function importer(message: string): string | undefined {
  return /imported from (?:file:\/\/)?(\/[^?\n]+)/.exec(message)?.[1];
}

/** `file:line` where the stack names one: its first lines for a syntax error, a frame otherwise. */
function placeIn(file: string, error: Error): string {
  const name = basename(file).replaceAll('.', '\\.');
  const line = new RegExp(`${name}(?:\\?version=\\d+)?:(\\d+)`).exec(error.stack ?? '')?.[1];
  return line === undefined ? file : `${file}:${line}`;
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? 'no message';
}

function readDotEnv(dir: string): Record<string, string | undefined> {
  const file = join(dir, '.env');
  if (!existsSync(file)) return {};
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw problem('env-unreadable', `it cannot be read: ${toError(cause).message}`, {
      at: file,
      fix: 'make it readable, or remove it',
      cause,
    });
  }
}

function problem(
  code: string,
  message: string,
  facts: { at: string; fix?: string; cause?: unknown },
): NightshiftError {
  return new NightshiftError(code, message, { ...facts, exitCode: EXIT.config });
}
