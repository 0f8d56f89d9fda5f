import { EXIT, NightshiftError } from '@nightshift/domain';
import type { Sleeper } from '@nightshift/lifecycle';
import { commandWords } from './cron.ts';
import type { Host, Ran } from './host.ts';
import type { Place } from './place.ts';
import { changeUser } from './wrapper.ts';

/** A service may take its whole drain time to end, and so does its label. */
const LABEL_TRIES = 45;
/** Between two of them, ms. */
const TRY_MS = 1_000;

/** launchd keeps a label for some seconds after its end; systemd answers for good. */
export async function begin(
  host: Host,
  command: readonly string[],
  sleeper: Sleeper,
): Promise<void> {
  const [name = '', ...args] = command;
  const tries = name === 'launchctl' ? LABEL_TRIES : 1;
  for (let i = 1; i < tries; i++) {
    if (host.run(name, args).code === 0) return;
    await sleeper.sleep(TRY_MS);
  }
  must(host, command);
}

/** The command of this installation, as its user. */
export function tryAs(host: Host, place: Place, words: readonly string[]): Ran {
  return asUser(host, place.user, [...commandWords(place), ...words]);
}

/** Runs a command as a user. */
export function asUser(host: Host, user: string, words: readonly string[]): Ran {
  const [command = '', ...args] = [...changeUser(user, host.platform), ...words];
  return host.run(command, args);
}

/** As {@link tryAs}. @throws NightshiftError `install-failed` (1) */
export function as(host: Host, place: Place, words: readonly string[]): void {
  const { code, stderr } = tryAs(host, place, words);
  if (code !== 0) throw failed('install-failed', stderr.trim(), 'nightshift doctor');
}

/** Runs a command as root. @returns what it printed. @throws NightshiftError `install-failed` (1) */
export function must(host: Host, [command = '', ...args]: readonly string[]): string {
  const { code, stdout, stderr } = host.run(command, args);
  if (code === 0) return stdout;
  const what = `${[command, ...args].join(' ')} ended with ${code}: ${stderr.trim()}`;
  throw failed('install-failed', what, 'mend that, then run this again: it goes on from there');
}

/** What ends an installation. @returns the error to throw (exit 1). */
export function failed(code: string, message: string, fix: string): NightshiftError {
  return new NightshiftError(code, message, { fix, exitCode: EXIT.failed });
}
