import { blank } from './blank.ts';
import { isTest, isTestProgram, linesMatching, type Rule, type SourceFile } from './rule.ts';

const isTypeScript = (path: string): boolean => path.endsWith('.ts');
const isProduction = (path: string): boolean =>
  isTypeScript(path) && /^(packages|services)\//.test(path) && !isTest(path);
const isSuite = (path: string): boolean =>
  isTypeScript(path) && isTest(path) && !isTestProgram(path);

const inCode = (pattern: RegExp) => (file: SourceFile) =>
  linesMatching(blank(file.text).code, pattern);

/** The rules about any text look everywhere but where they are written down and tried. */
const isNotTidy = (path: string): boolean => !path.startsWith('test/tidy/');

/** What may not stand in the code, and what to write instead. */
export const textRules: readonly Rule[] = [
  {
    id: 'database-opened-outside-store',
    instead: 'open it through @nightshift/store, which sets the pragmas and checks the schema',
    applies: (path) => isTypeScript(path) && !path.startsWith('packages/store/'),
    broken: inCode(/\bnew Database\(/),
  },
  {
    id: 'async-transaction',
    instead: 'pass a synchronous callback: better-sqlite3 cannot hold a transaction over an await',
    applies: isTypeScript,
    broken: inCode(/\.transaction\(\s*async\b/),
  },
  {
    id: 'environment-read',
    instead: "take it from lifecycle's configuration, the only reader of the environment",
    applies: (path) => isProduction(path) && !path.startsWith('packages/lifecycle/src/'),
    broken: inCode(/\bprocess\s*\.\s*env\b/),
  },
  {
    id: 'clock-read',
    instead: "take a Clock (domain's port; manualClock in tests)",
    applies: (path) =>
      isTypeScript(path) && !isTestProgram(path) && path !== 'packages/domain/src/clock.ts',
    broken: inCode(/\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bnew Date\b(?!\s*\()/),
  },
  {
    id: 'time-asked-of-sqlite',
    instead: "bind the time of the store's clock",
    applies: (path) => path.endsWith('.sql') || isProduction(path),
    broken: ({ path, text }) => {
      const bare = isTypeScript(path) ? blank(text).withStrings : text.replaceAll(/--.*/g, '');
      return linesMatching(
        bare,
        /\bCURRENT_TIME(STAMP)?\b|\b(strftime|unixepoch|julianday)\(|'now'/i,
      );
    },
  },
  {
    id: 'sleep-in-test',
    instead: 'waitUntil of @nightshift/support, or a manualClock',
    applies: isSuite,
    broken: ({ text }) => {
      const { code, withStrings } = blank(text);
      const imported = /^\s*(import|\}).* from ['"](node:)?timers(\/promises)?['"]/;
      return [...linesMatching(code, /\bsetTimeout\(/), ...linesMatching(withStrings, imported)];
    },
  },
  {
    id: 'test-switched-off',
    instead: 'make it pass, or delete it',
    applies: isSuite,
    // What another system does not have may be tested on the one that has it.
    broken: inCode(
      /\b(test|it|describe)(\.\w+)*\.(skip|todo|only|fails|skipIf|runIf(?!\(process\.platform))\b/,
    ),
  },
  {
    id: 'console',
    instead: "the CLI's printer for people, the logger of lifecycle for everything else",
    applies: (path) => isProduction(path) && !/^packages\/cli\/src\/print(er)?[./]/.test(path),
    broken: inCode(/\bconsole\.(log|error|warn|info|debug|trace|dir|table)\b/),
  },
  {
    id: 'unfinished',
    instead: 'finish it now, or leave it out',
    applies: isNotTidy,
    broken: ({ text }) => linesMatching(text, /\b(FIXME|TODO|XXX)\b/),
  },
  {
    id: 'place-of-one-machine',
    instead: 'a path relative to the repository or the configuration; no registry host',
    applies: isNotTidy,
    broken: ({ text }) =>
      linesMatching(
        text,
        /(^|[\s"'`(=:])\/(work|root|Users\/\w+)\/|\bregistry\.(npmjs|yarnpkg)\.|artifactory/,
      ),
  },
  {
    id: 'line-too-long',
    instead: 'break it at 100 columns; only imports, addresses and strings may be longer',
    applies: isTypeScript,
    broken: tooLong,
  },
  {
    id: 'logic-in-index',
    instead: 'index.ts re-exports; move the rest to a file named after what it does',
    applies: (path) => /(^|\/)index\.ts$/.test(path) && !/(^|\/)fixtures\//.test(path),
    broken: indexLogic,
  },
  {
    id: 'grab-bag',
    instead: 'name it after the one thing it does',
    applies: (path) => !isTest(path),
    broken: ({ path }) =>
      /(^|[/-])(utils?|common|shared|helpers?|misc)[/.]/.test(path.toLowerCase()) ? [1] : [],
  },
];

function tooLong({ text }: SourceFile): number[] {
  const code = blank(text).code.split('\n');
  return text.split('\n').flatMap((line, index) => {
    if (line.length <= 100 || /https?:\/\/|^\s*(import|export|\}) .*from /.test(line)) return [];
    // What is left once the contents of strings are gone: comments count, strings do not.
    const comment = /\/\/|^\s*\*/.test(line) && !/['"`]/.test(line);
    const bare = (code[index] ?? '').replaceAll(/ {2,}/g, ' ').trimEnd();
    return comment || bare.length > 100 ? [index + 1] : [];
  });
}

function indexLogic({ text }: SourceFile): number[] {
  const bare = blank(text).withStrings;
  const exported = /export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s+from\s+['"][^'"]+['"];?/g;
  const rest = bare.replaceAll(exported, (match) => match.replaceAll(/[^\n]/g, ' '));
  return linesMatching(rest, /\S/).slice(0, 1);
}
