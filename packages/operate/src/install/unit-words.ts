/** `%` begins a specifier everywhere in a unit. */
export function plain(text: string): string {
  return text.replaceAll('%', '%%');
}

/** A word of a command line, where `$` begins a variable too (systemd.service(5)). */
export function commandLine(words: readonly string[]): string {
  return words.map((it) => quoted(it, (text) => plain(text).replaceAll('$', '$$$$'))).join(' ');
}

/** A word that systemd reads as one (systemd.syntax(7)). */
export function quoted(text: string, escape: (text: string) => string): string {
  const escaped = escape(text);
  if (/^[\w@%+=:,./$-]+$/.test(escaped)) return escaped;
  return `"${escaped.replace(/[\\"]/g, '\\$&')}"`;
}
