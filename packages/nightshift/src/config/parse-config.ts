import { NightshiftError, type SecretRef, type Settings } from '@nightshift/domain';

export interface ParseOptions {
  /** The file it came from; null for the built-in default. */
  readonly file: string | null;
  /** Paths in it are relative to this folder. */
  readonly dir: string;
  /** Modification time of the file, ms; the newest configuration's caps are the caps. */
  readonly version: number;
  /** Given: a secret for which it returns null is a mistake too. */
  readonly resolve?: (ref: SecretRef) => string | null;
  /** Checks an expression beyond its shape; null when it is fine. */
  readonly checkCron?: (expression: string, timezone: string) => string | null;
}

export function parseConfig(_raw: unknown, options: ParseOptions): Settings {
  throw new NightshiftError('config-invalid', 'being written', { at: options.dir });
}
