import type { ChangedFile, Commit } from './history.ts';

/** How many commits somebody made. */
export interface AuthorShare {
  readonly author: string;
  readonly commits: number;
}

/** Authors by their commits, most first; merges do not count. */
export function authors(commits: readonly Commit[]): AuthorShare[] {
  const counts = new Map<string, number>();
  for (const { author, merge } of commits) {
    if (!merge) counts.set(author, (counts.get(author) ?? 0) + 1);
  }
  return [...counts]
    .map(([author, count]) => ({ author, commits: count }))
    .toSorted((a, b) => b.commits - a.commits || a.author.localeCompare(b.author));
}

/** Where files changed. */
export interface Area {
  readonly folder: string;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

const AREAS_MAX = 8;

/**
 * Folders by the files that changed in them, most first: two levels deep, because the first level
 * of a workspace (`packages`, `src`) tells nothing. What does not fit is one row, `elsewhere`.
 */
export function areas(files: readonly ChangedFile[]): Area[] {
  const counts = new Map<string, { added: number; changed: number; removed: number }>();
  for (const { path, change } of files) {
    const folder = path.split('/').slice(0, -1).slice(0, 2).join('/') || 'the top folder';
    const count = counts.get(folder) ?? { added: 0, changed: 0, removed: 0 };
    count[change]++;
    counts.set(folder, count);
  }
  const all = [...counts]
    .map(([folder, count]) => ({ folder, ...count }))
    .toSorted((a, b) => total(b) - total(a) || a.folder.localeCompare(b.folder));
  if (all.length <= AREAS_MAX) return all;
  const rest = all.slice(AREAS_MAX - 1);
  const sum = (pick: (area: Area) => number): number => rest.reduce((n, a) => n + pick(a), 0);
  const elsewhere: Area = {
    folder: `elsewhere (${rest.length} folders)`,
    added: sum((a) => a.added),
    changed: sum((a) => a.changed),
    removed: sum((a) => a.removed),
  };
  return [...all.slice(0, AREAS_MAX - 1), elsewhere];
}

function total(area: Area): number {
  return area.added + area.changed + area.removed;
}
