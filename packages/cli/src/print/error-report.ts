import { NightshiftError, errorFacts, sanitise, toError } from '@nightshift/domain';
import type { Paint } from './style.ts';

/** Room for a whole list of configuration mistakes. */
const MESSAGE_MAX = 20_000;

/**
 * An error for a person: `nightshift: <place>: <what>`, then `at`, `fix` and `see` lines. The stack
 * and its causes only when asked for.
 */
export function errorLines(thrown: unknown, paint: Paint, verbose: boolean): readonly string[] {
  const error = toError(thrown);
  const { code, message } = errorFacts(error);
  const lines = [`nightshift: ${paint('bad', code)}: ${sanitise(message, MESSAGE_MAX)}`];
  if (error instanceof NightshiftError) {
    for (const name of ['at', 'fix', 'see'] as const) {
      const value = error[name];
      if (value !== undefined) lines.push(`  ${paint('dim', name.padEnd(4))} ${sanitise(value)}`);
    }
  }
  if (verbose) lines.push(...stackLines(error, paint));
  else if (!(error instanceof NightshiftError)) lines.push(unexpected(paint));
  return lines;
}

/** The same for a program. */
export function errorDocument(thrown: unknown): { readonly error: object } {
  const error = toError(thrown);
  const { code, message } = errorFacts(error);
  const facts = error instanceof NightshiftError ? error : undefined;
  return {
    error: {
      code,
      message: sanitise(message, MESSAGE_MAX),
      at: facts?.at ?? null,
      fix: facts?.fix ?? null,
    },
  };
}

function unexpected(paint: Paint): string {
  return `  ${paint('dim', 'fix ')} this is a defect; the same command with --verbose shows where`;
}

function stackLines(error: Error, paint: Paint): readonly string[] {
  const lines: string[] = [];
  for (let it: unknown = error; it instanceof Error && lines.length < 200; it = it.cause) {
    lines.push(...sanitise(it.stack ?? it.message, MESSAGE_MAX).split('\n'));
  }
  return lines.map((line) => paint('dim', line));
}
