import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';

/** What stands between these in the README was written by `pnpm bench --write`, and by nobody else. */
export const BEGIN = '<!-- bench:begin -->';
export const END = '<!-- bench:end -->';

export const README = join(repoRoot, 'README.md');

/** Puts the page between the marks. @throws Error where they are not there, once and in order. */
export function writeReadme(page: string, file: string = README): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, withPage(text, page));
}

/** The text with the page between its marks. Pure. @throws as {@link writeReadme}. */
export function withPage(text: string, page: string): string {
  const [before, rest, ...more] = text.split(BEGIN);
  const [, after, ...others] = (rest ?? '').split(END);
  if (rest === undefined || after === undefined || more.length + others.length > 0) {
    throw new Error(`the README needs ${BEGIN} and ${END}, once each and in this order`);
  }
  return `${before}${BEGIN}\n\n${page.trim()}\n\n${END}${after}`;
}

/** Ids of the rows that a page has, or says it could not measure. */
export function idsIn(text: string): ReadonlySet<string> {
  const page = text.split(BEGIN)[1]?.split(END)[0] ?? '';
  const rows = page.matchAll(/^\| ([a-z_]+\.[\w.]+) +\|/gm);
  const gaps = page.matchAll(/^- ([a-z_]+\.[\w.]+): not measured:/gm);
  return new Set([...rows, ...gaps].map((it) => it[1]!));
}
