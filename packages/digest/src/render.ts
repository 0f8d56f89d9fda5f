import path from 'node:path';
import { areas, authors } from './change.ts';
import type { Commit, History } from './history.ts';
import { inert, plural } from './inert.ts';

/** What one section of the report is made of. */
export interface Section {
  readonly path: string;
  /** Null when the repository could not be read; then `error` says why. */
  readonly history: History | null;
  readonly error: string | null;
  readonly summary: string | null;
}

export interface DigestText {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/** Most commits listed one by one. */
const LISTED_MAX = 15;

/**
 * The digest as Markdown. Names, subjects and summaries come from other people, so nothing of them
 * can become a heading, a link, an image or a mention.
 * @param madeBy one sentence: how the summaries came about
 */
export function renderDigest(sections: readonly Section[], madeBy: string): DigestText {
  const commits = sections.reduce((n, s) => n + (s.history?.commits.length ?? 0), 0);
  const names = sections.map((s) => path.basename(s.path));
  const what = commits === 0 ? 'nothing new' : plural(commits, 'commit');
  const where = names.length <= 3 ? names.join(', ') : `${names.length} repositories`;
  const body = [...sections.map(section), `*${madeBy}*`].join('\n\n');
  return { title: `${what} in ${where}`, body };
}

function section({ path: dir, history, error, summary }: Section): string {
  const branch = history?.branch == null ? '' : ` (${inert(history.branch)})`;
  const parts = [`## ${inert(path.basename(dir))}${branch}`];
  if (history === null) parts.push(`Could not be read: ${inert(error ?? 'unknown reason')}`);
  else parts.push(...told(history, summary));
  return parts.join('\n\n');
}

function told(history: History, summary: string | null): string[] {
  const { commits, files, notes } = history;
  const parts: string[] = [];
  if (commits.length > 0) {
    const people = authors(commits);
    const by = people
      .map((a) => inert(a.author) + (people.length > 1 ? ` (${a.commits})` : ''))
      .slice(0, 5)
      .join(', ');
    const more = people.length > 5 ? ` and ${people.length - 5} more` : '';
    const changed = files.length > 0 ? `, ${plural(files.length, 'file')} changed` : '';
    parts.push(`${plural(commits.length, 'commit')} by ${by}${more}${changed}.`);
    if (summary !== null) parts.push(quote(summary));
    if (files.length > 0) parts.push(where(history));
    parts.push(listed(commits));
  } else if (notes.length === 0) {
    parts.push('Nothing new since the last report.');
  }
  if (notes.length > 0) parts.push(notes.map(inert).join(' '));
  return parts;
}

function where({ files }: History): string {
  const rows = areas(files).map((area) => {
    const counts = [
      area.added > 0 ? `${area.added} added` : '',
      area.changed > 0 ? `${area.changed} changed` : '',
      area.removed > 0 ? `${area.removed} removed` : '',
    ];
    return `- ${inert(area.folder)}: ${counts.filter((c) => c !== '').join(', ')}`;
  });
  return `**Where**\n\n${rows.join('\n')}`;
}

function listed(commits: readonly Commit[]): string {
  const rows = commits.slice(0, LISTED_MAX).map((commit) => {
    const day = new Date(commit.at).toISOString().slice(0, 10);
    return `- \`${commit.oid.slice(0, 9)}\` ${inert(commit.subject)} (${inert(commit.author)}, ${day})`;
  });
  if (commits.length > LISTED_MAX) rows.push(`- and ${commits.length - LISTED_MAX} earlier ones`);
  return `**Commits**\n\n${rows.join('\n')}`;
}

/** Somebody else's paragraph, marked as such. */
function quote(text: string): string {
  return inert(text, 4_000)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
