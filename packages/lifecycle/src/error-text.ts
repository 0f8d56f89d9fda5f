import { NightshiftError, sanitise, toError } from '@nightshift/domain';

/**
 * An error as a person reads it: `nightshift: <place>: <what>`, then `fix` and `see` lines. Where
 * the message has several lines (a list of mistakes) the place has its own line. No stack.
 */
export function errorText(thrown: unknown): string {
  const error = toError(thrown);
  const message = sanitise(error.message, 20_000);
  if (!(error instanceof NightshiftError)) return `nightshift: ${message}\n`;
  const lines = [`nightshift: ${error.code}: ${message}`];
  if (error.at !== undefined) lines.push(`  at   ${sanitise(error.at)}`);
  if (error.fix !== undefined) lines.push(`  fix  ${sanitise(error.fix)}`);
  if (error.see !== undefined) lines.push(`  see  ${sanitise(error.see)}`);
  return `${lines.join('\n')}\n`;
}
