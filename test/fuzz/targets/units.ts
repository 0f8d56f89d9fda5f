import fc from 'fast-check';
import { parse } from 'plist';
import { cronFiles } from '../../../packages/operate/src/install/cron.ts';
import { launchdFiles } from '../../../packages/operate/src/install/launchd.ts';
import {
  defaultPlace,
  requireWritable,
  type Place,
} from '../../../packages/operate/src/install/place.ts';
import { systemdFiles } from '../../../packages/operate/src/install/systemd.ts';
import { wrapperFile } from '../../../packages/operate/src/install/wrapper.ts';
import { ours } from '../harmless.ts';
import { mutatedText } from '../mutate.ts';
import { defineTarget } from '../target.ts';

const WORDS = [
  '%h',
  '%%',
  '$HOME',
  '${HOME}',
  '$$',
  '$(id)',
  '`id`',
  ' # x',
  ';',
  '|',
  '\\x20',
  '\t',
  '&amp;',
  '</string>',
  ']]>',
  '<!--',
  "'\\''",
  '"',
  'é',
  '😀',
  '\ufffe',
  '\u0085',
  '-',
  '~',
  '=',
];
const path = mutatedText(['/opt/night shift', '/var/lib/nightshift', '/Users/a b/n'], WORDS).map(
  (it) => `/${it.replaceAll(/\/+/g, '/').slice(0, 300)}`,
);
const inputs = fc.record({
  program: path,
  node: fc.oneof(fc.constant('/usr/bin/node'), path),
  config: path,
  stateDir: path,
  secretsFile: path,
});

const PLAIN = defaultPlace('/srv/night');
const SETTINGS = { agents: [], timezone: 'UTC' };

/**
 * Whatever a path is called, it is refused, or every supervisor and shell reads the very same path
 * back, and no line more than for a path without surprises.
 */
export const units = defineTarget('units', 60, inputs, (paths) => {
  const place: Place = { ...defaultPlace(), ...paths };
  written(() => systemdFiles(place), requireSameUnits);
  written(() => launchdFiles(place), requireSameLists);
  written(
    () => cronFiles(place, SETTINGS, 'UTC'),
    (files) => {
      const [file] = files;
      const [plain] = cronFiles(PLAIN, SETTINGS, 'UTC');
      requireSameLines(file!.text, plain!.text);
      const line = file!.text.split('\n').find((it) => it.includes('--once'))!;
      const command = line.replace(/^(\S+ ){5}nightshift /, '').replaceAll('\\%', '%');
      requirePaths(shellWords(command), place);
    },
  );
  const wrapper = () => {
    requireWritable(place);
    return [wrapperFile(place)];
  };
  written(wrapper, ([file]) => {
    const line = file!.text.split('\n').find((it) => it.startsWith('exec sudo'))!;
    requirePaths(shellWords(line), place);
  });

  function requireSameUnits(files: ReturnType<typeof systemdFiles>): void {
    const plain = systemdFiles(PLAIN);
    for (const [i, { text }] of files.entries()) {
      requireSameKeys(text, plain[i]!.text);
      const start = text
        .split('\n')
        .find((it) => it.startsWith('ExecStart='))
        ?.slice(10);
      if (start !== undefined) requirePaths(unitWords(start), place);
    }
  }

  function requireSameLists(files: ReturnType<typeof launchdFiles>): void {
    for (const { text } of files) {
      const list = parse(text) as { ProgramArguments: string[]; WorkingDirectory: string };
      requirePaths(list.ProgramArguments, place);
      if (list.WorkingDirectory !== place.program) throw new Error('another folder');
    }
  }
});

/** Writes the files and looks at them; a refusal of ours is fine. */
function written<T>(write: () => T, look: (files: T) => void): void {
  let files: T;
  try {
    files = write();
  } catch (thrown) {
    ours(thrown);
    return;
  }
  look(files);
}

function requirePaths(words: readonly string[], { config, stateDir }: Place): void {
  for (const wanted of [config, stateDir]) {
    if (words.includes(wanted)) continue;
    throw new Error(`${JSON.stringify(wanted)} is not one of ${JSON.stringify(words)}`);
  }
}

function requireSameLines(text: string, plain: string): void {
  const [own, others] = [text.split('\n').length, plain.split('\n').length];
  if (own !== others) throw new Error(`${own} lines in place of ${others}`);
}

/** A path may add directives that open its folder, but none that is not known. */
function requireSameKeys(text: string, plain: string): void {
  const known = new Set([
    ...keys(plain),
    ...keys(
      systemdFiles(defaultPlace())
        .map((it) => it.text)
        .join('\n'),
    ),
  ]);
  for (const key of ['ReadWritePaths', 'ProtectHome', 'BindReadOnlyPaths']) known.add(key);
  const odd = keys(text).find((key) => !known.has(key));
  if (odd !== undefined) throw new Error(`a line of its own: ${odd}`);
}

function keys(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('['))
    .map((line) => line.split('=')[0]!);
}

/** Words of a command line as systemd reads them: systemd.syntax(7), systemd.service(5). */
function unitWords(line: string): string[] {
  const words: string[] = [];
  for (let i = 0; i < line.length;) {
    if (line[i] === ' ') {
      i += 1;
      continue;
    }
    let word = '';
    let quote: string | null = null;
    for (; i < line.length && (quote !== null || line[i] !== ' '); i += 1) {
      const char = line[i]!;
      if (char === quote) quote = null;
      else if (quote === null && (char === '"' || char === "'")) quote = char;
      else if (char === '\\') word += unescaped(line[(i += 1)]!);
      else word += char;
    }
    words.push(word.replaceAll('%%', '%').replaceAll('$$', '$'));
  }
  return words;
}

function unescaped(char: string): string {
  if (char === '\\' || char === '"') return char;
  throw new Error(`an escape that was not meant: \\${char}`);
}

/** Words of a line for sh(1), as far as it may quote here: single quotes and bare words. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i]!;
    if (char === ' ') {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'") {
      const end = line.indexOf("'", i + 1);
      if (end === -1) throw new Error('a quote that does not end');
      word = (word ?? '') + line.slice(i + 1, end);
      i = end;
    } else if (char === '\\') word = (word ?? '') + line[(i += 1)]!;
    else if (/[\w@%+=:,./$"&>-]/.test(char)) word = (word ?? '') + char;
    else throw new Error(`a bare ${JSON.stringify(char)}`);
  }
  return word === null ? words : [...words, word];
}
