import { commandWords } from './cron.ts';
import type { Place, PlannedFile } from './place.ts';

export const WRAPPER_FILE = '/usr/local/bin/nightshift';

/**
 * `nightshift` on PATH: the command of this installation, as the user whose files these are. Run as
 * root it would leave files behind that the services cannot write.
 */
export function wrapperFile(place: Place, platform: NodeJS.Platform = 'linux'): PlannedFile {
  const command = commandWords(place).map(shellQuoted).join(' ');
  const user = shellQuoted(place.user);
  const change = changeUser(place.user, platform).map(shellQuoted).join(' ');
  const lines = [
    '#!/bin/sh',
    '# Written by nightshift install: the command, as the user of the services, on their state.',
    `if [ "$(id -un)" = ${user} ]; then exec ${command} "$@"; fi`,
    `if [ "$(id -u)" = 0 ]; then exec ${change} ${command} "$@"; fi`,
    `exec sudo -u ${user} -- ${command} "$@"`,
    '',
  ];
  return { path: WRAPPER_FILE, text: lines.join('\n'), mode: 0o755 };
}

/** How root becomes a user for one command. runuser(1) is of Linux; a Mac has sudo. */
export function changeUser(user: string, platform: NodeJS.Platform): readonly string[] {
  return [...(platform === 'darwin' ? ['sudo', '-u'] : ['runuser', '-u']), user, '--'];
}

function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
