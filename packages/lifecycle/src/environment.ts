import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, NightshiftError, type SecretRef } from '@nightshift/domain';

/**
 * The environment of this process, read once. Nothing else in the project looks at it.
 *
 * A secret called X is the variable X, or the content of the file that X_FILE names, or the file X
 * of the credentials a supervisor passed in `$CREDENTIALS_DIRECTORY` (systemd.exec(5)). Each
 * process resolves only what it uses.
 */
export interface Environment {
  get(name: string): string | undefined;
  /** All variables, for a child that is this installation's own. Never for a payload. */
  readonly all: Readonly<Record<string, string>>;
  /**
   * The value of a secret, or null when it is nowhere.
   * @throws NightshiftError `secret-unreadable` (78) when it is named but cannot be read.
   */
  resolveSecret(ref: SecretRef): string | null;
  /** As {@link resolveSecret}. @throws NightshiftError `secret-missing` (78) too. */
  requireSecret(ref: SecretRef, at?: string): string;
  /**
   * Values that must appear nowhere: every secret resolved so far, and the variables of `expect`ed
   * names. Longest first, so that a secret inside another one does not cut it.
   */
  secretValues(): readonly string[];
  /** Names that hold secrets, whether this process will use them or not: for the redaction. */
  expect(refs: readonly SecretRef[]): void;
  /** This environment with defaults (of a `.env` file) below it; the secrets stay known. */
  withDefaults(defaults: Readonly<Record<string, string | undefined>>): Environment;
}

/** The environment of this process, as it is now. */
export function processEnvironment(): Environment {
  return environmentOf(process.env);
}

/** An environment of these variables. */
export function environmentOf(
  variables: Readonly<Record<string, string | undefined>>,
  known: Set<string> = new Set(),
): Environment {
  const all = snapshot(variables);
  const resolveSecret = (ref: SecretRef): string | null => {
    const value = lookUp(all, ref.env);
    if (value !== null) known.add(value);
    return value;
  };
  return {
    all,
    get: (name) => all[name],
    resolveSecret,
    requireSecret(ref, at) {
      const value = resolveSecret(ref);
      if (value === null) throw missing(ref, at);
      return value;
    },
    secretValues: () => [...known].sort((a, b) => b.length - a.length),
    expect(refs) {
      for (const { env } of refs)
        if (all[env] !== undefined && all[env] !== '') known.add(all[env]);
    },
    withDefaults: (defaults) => environmentOf({ ...snapshot(defaults), ...all }, known),
  };
}

function snapshot(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(variables).filter((entry) => entry[1] !== undefined);
  return Object.freeze(Object.fromEntries(entries)) as Record<string, string>;
}

function lookUp(all: Readonly<Record<string, string>>, name: string): string | null {
  // An empty variable is what `X= command` and an unfilled template leave: nothing was given.
  if (all[name] !== undefined && all[name] !== '') return all[name];
  const file = all[`${name}_FILE`];
  if (file !== undefined && file !== '') return readSecret(name, file);
  const credentials = all['CREDENTIALS_DIRECTORY'];
  if (credentials === undefined || credentials === '') return null;
  return readCredential(name, join(credentials, name));
}

function readCredential(name: string, file: string): string | null {
  try {
    return readSecret(name, file);
  } catch (error) {
    const cause = (error as NightshiftError).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code === 'ENOENT') return null;
    throw error;
  }
}

function readSecret(name: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(name, file, (cause as NodeJS.ErrnoException).code ?? 'unreadable', cause);
  }
  // Editors and `echo` end a file with a line break, which no secret has.
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw unreadable(name, file, 'the file is empty', undefined);
  return value;
}

function unreadable(name: string, file: string, why: string, cause: unknown): NightshiftError {
  return new NightshiftError('secret-unreadable', `secret ${name} cannot be read: ${why}`, {
    at: file,
    fix: `let ${name}_FILE name a readable file, or set ${name}`,
    exitCode: EXIT.config,
    cause,
  });
}

function missing(ref: SecretRef, at: string | undefined): NightshiftError {
  return new NightshiftError('secret-missing', `secret ${ref.env} is not set`, {
    at,
    fix: `set ${ref.env} in the environment or in .env, or ${ref.env}_FILE to a file that holds it`,
    exitCode: EXIT.config,
  });
}
