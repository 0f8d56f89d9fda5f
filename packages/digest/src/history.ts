import git from 'isomorphic-git';
import { type GitLocation, historyFs, locate } from './repository.ts';

/** Most commits that one report looks back. */
export const COMMITS_MAX = 500;
/** Without an earlier report: at most this many commits, from the week before the newest one. */
const FIRST_COMMITS = 30;
const FIRST_DAYS = 7;

/** What happened in a repository since a commit. JSON, because it is a step's result. */
export interface History {
  readonly path: string;
  readonly branch: string | null;
  /** Where the branch stands; null while there is no commit at all. */
  readonly head: string | null;
  /** Newest first. */
  readonly commits: readonly Commit[];
  readonly files: readonly ChangedFile[];
  /** What a reader must know to trust the list, in whole sentences. */
  readonly notes: readonly string[];
}

export interface Commit {
  readonly oid: string;
  readonly author: string;
  /** Epoch ms. */
  readonly at: number;
  /** First line of the message. */
  readonly subject: string;
  readonly body: string;
  readonly merge: boolean;
}

export interface ChangedFile {
  readonly path: string;
  readonly change: 'added' | 'changed' | 'removed';
}

/**
 * Reads what was committed on the current branch after `since`.
 * @param since the head of the last report, or null the first time
 * @throws RepositoryError when there is no readable repository at `dir`.
 */
export async function readHistory(dir: string, since: string | null): Promise<History> {
  const location = await locate(dir);
  const repo = { fs: historyFs(location), gitdir: location.commondir, cache: {} };
  const branch = (await git.currentBranch({ ...repo, test: false })) ?? null;
  const head = await headOf(repo);
  const base = { path: location.dir, branch, head };
  if (head === null) return { ...base, commits: [], files: [], notes: ['It has no commits yet.'] };
  if (head === since) return { ...base, commits: [], files: [], notes: [] };
  const shallow = await isShallow(location);
  const { commits, from, notes } = await commitsSince(repo, head, since, shallow);
  return { ...base, commits, files: await changedFiles(repo, from, head), notes };
}

interface Repo {
  readonly fs: ReturnType<typeof historyFs>;
  readonly gitdir: string;
  readonly cache: object;
}

async function headOf(repo: Repo): Promise<string | null> {
  try {
    return await git.resolveRef({ ...repo, ref: 'HEAD' });
  } catch (error) {
    if ((error as { code?: string }).code === 'NotFoundError') return null;
    throw error;
  }
}

async function isShallow(location: GitLocation): Promise<boolean> {
  try {
    await historyFs(location).promises.stat(`${location.commondir}/shallow`);
    return true;
  } catch {
    return false;
  }
}

/** The commits to report, and the commit whose tree the changes are counted against. */
async function commitsSince(
  repo: Repo,
  head: string,
  since: string | null,
  shallow: boolean,
): Promise<{ commits: Commit[]; from: string | null; notes: string[] }> {
  const log = await git.log({ ...repo, ref: head, depth: COMMITS_MAX + 1 });
  const notes = shallow ? ['It is a shallow clone: older history is not here.'] : [];
  const reached = since === null ? -1 : log.findIndex((entry) => entry.oid === since);
  let taken = reached >= 0 ? log.slice(0, reached) : log.slice(0, COMMITS_MAX);
  if (since === null) taken = recent(taken);
  else if (reached < 0) notes.push(lostNote(since, log.length));
  const oldest = taken.at(-1);
  const from = reached >= 0 ? since : (oldest?.commit.parent[0] ?? null);
  return {
    commits: taken.map(commitOf),
    from: from !== null && log.some((entry) => entry.oid === from) ? from : null,
    notes,
  };
}

function recent<T extends { commit: { committer: { timestamp: number } } }>(
  log: readonly T[],
): T[] {
  const newest = Math.max(0, ...log.map((entry) => entry.commit.committer.timestamp));
  const oldest = newest - FIRST_DAYS * 86_400;
  return log.filter((entry) => entry.commit.committer.timestamp >= oldest).slice(0, FIRST_COMMITS);
}

function lostNote(since: string, seen: number): string {
  const where = seen > COMMITS_MAX ? `among the last ${COMMITS_MAX} commits` : 'on this branch';
  return (
    `The commit of the last report (${since.slice(0, 9)}) is not ${where}: the branch was ` +
    'changed or its history was rewritten, so this list may repeat or miss commits.'
  );
}

function commitOf(entry: Awaited<ReturnType<typeof git.log>>[number]): Commit {
  const { oid, commit } = entry;
  const [subject = '', ...rest] = commit.message.split('\n');
  return {
    oid,
    author: commit.author.name,
    at: commit.committer.timestamp * 1_000,
    subject: subject.trim().slice(0, 200),
    body: rest.join('\n').trim().slice(0, 2_000),
    merge: commit.parent.length > 1,
  };
}

/** Most files that are listed; a larger change is told by its areas anyway. */
const FILES_MAX = 2_000;

/** Files that differ between two commits' trees. Equal folders are not entered. */
async function changedFiles(repo: Repo, from: string | null, to: string): Promise<ChangedFile[]> {
  const files: ChangedFile[] = [];
  if (from === null) return files;
  await git.walk({
    ...repo,
    trees: [git.TREE({ ref: from }), git.TREE({ ref: to })],
    map: async (path, [before, after]) => {
      if (path === '.') return true;
      const [oldOid, newOid] = await Promise.all([before?.oid(), after?.oid()]);
      if (oldOid === newOid || files.length >= FILES_MAX) return null;
      const type = (await after?.type()) ?? (await before?.type());
      if (type === 'tree') return true;
      const change = oldOid === undefined ? 'added' : newOid === undefined ? 'removed' : 'changed';
      files.push({ path, change });
      return null;
    },
  });
  return files;
}
