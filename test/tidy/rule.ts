/**
 * A repository rule: looks at one file and says where it is broken and what to write instead.
 * Rules that need several files at once are functions over all of them (`repository-rules.ts`).
 */
export interface Rule {
  readonly id: string;
  /** What to use instead; the end of every message. */
  readonly instead: string;
  /** Does the rule speak about this path (relative to the repository, with `/`)? */
  readonly applies: (path: string) => boolean;
  /** Line numbers (from 1) that break it. */
  readonly broken: (file: SourceFile) => readonly number[];
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Every finding as a line `path:line: rule: what to do`. */
export function findings(rules: readonly Rule[], files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    rules
      .filter((rule) => rule.applies(file.path))
      .flatMap((rule) =>
        rule.broken(file).map((line) => `${file.path}:${line}: ${rule.id}: ${rule.instead}`),
      ),
  );
}

/** Line numbers of `text` that match. */
export function linesMatching(text: string, pattern: RegExp): number[] {
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}

/** Is this code that only tests load? */
export function isTest(path: string): boolean {
  const folder = /(^|\/)(test|fixtures)\//.test(path);
  return folder || path.endsWith('.test.ts') || path === 'vitest.config.ts';
}

/** Remote ends of sockets, tiny programs for tests, and what keeps tests honest. */
export function isTestProgram(path: string): boolean {
  return /^test\/(fakes|support)\/|(^|\/)fixtures\//.test(path);
}
