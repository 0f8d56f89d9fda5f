import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { fixture, tryAgent } from '../../test/try-agent.ts';
import { gitGrants, vetRead } from '../index.ts';

/** A folder with the files named, each holding its own name. */
function folder(...files: string[]): string {
  const dir = tempDir('grant');
  for (const file of files) put(dir, file);
  return dir;
}

function put(dir: string, file: string): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), file);
}

test('a plain folder is granted by its real path, links inside it too', async () => {
  const dir = folder('docs/a.md', 'docs/b/c.md', '.gitignore', 'node_modules/x/test.pem', 'id.ts');
  symlinkSync('a.md', join(dir, 'docs', 'link.md'));
  const link = join(tempDir('links'), 'to');
  symlinkSync(dir, link);
  expect(await vetRead(link, [])).toBe(dir);
  expect(await vetRead(join(dir, 'docs', 'a.md'), [])).toBe(join(dir, 'docs', 'a.md'));
});

test.each([
  ['grant-secret', '.env'],
  ['grant-secret', 'deep/er/.env.local'],
  ['grant-secret', 'certs/server.pem'],
  ['grant-secret', '.ssh/config'],
  ['grant-secret', 'keys/id_ed25519'],
  ['grant-git', '.git/config'],
])('a folder is refused with %s because of %s', async (code, file) => {
  const dir = folder('docs/a.md', file);
  const refused = vetRead(dir, []);
  await expect(refused).rejects.toMatchObject({ code });
  await expect(refused).rejects.toThrow(join(dir, file.split('/')[0]!));
});

test('a link that leads out, a dead link and the state folder are refused', async () => {
  const outside = folder('secret');
  for (const target of [outside, join(outside, 'secret'), 'nowhere']) {
    const dir = folder('a');
    symlinkSync(target, join(dir, 'out'));
    await expect(vetRead(dir, [])).rejects.toMatchObject({ code: 'grant-symlink' });
  }
  const dir = folder('.nightshift/nightshift.db');
  const state = join(dir, '.nightshift');
  await expect(vetRead(dir, [state])).rejects.toMatchObject({ code: 'grant-state', at: state });
  await expect(vetRead(state, [state])).rejects.toMatchObject({ code: 'grant-state' });
  expect(await vetRead(folder('a'), [state])).toBeTruthy();
});

test.each(['/', '/proc/self', '/dev', '/sys'])('%s is never granted', async (path) => {
  await expect(vetRead(path, [])).rejects.toMatchObject({ code: 'grant-path' });
});

test('a missing path and a name that Node reads as a pattern are refused', async () => {
  const dir = folder('a*/b');
  await expect(vetRead(join(dir, 'a*'), [])).rejects.toMatchObject({ code: 'grant-path' });
  await expect(vetRead(join(dir, 'none'), [])).rejects.toMatchObject({ code: 'grant-missing' });
});

test('a child reads what was granted and nothing beside it', async () => {
  const dir = folder('granted/a.txt', 'other/b.txt');
  const input = [join(dir, 'granted/a.txt'), join(dir, 'other/b.txt'), join(dir, 'granted')];
  const read = { read: [join(dir, 'granted')], git: [], protect: [] };
  const trial = await tryAgent(fixture('reads'), { input, run: { grants: read } });
  expect(trial.reports[0]!.data).toEqual(['granted/a.txt', 'ERR_ACCESS_DENIED', 'EISDIR']);
  const put = { read: [join(dir, 'other')], git: [], protect: [dir] };
  const refused = tryAgent(fixture('reads'), { input, run: { grants: put } });
  await expect(refused).rejects.toMatchObject({ code: 'grant-state' });
});

test('an entry file beside a secret is loaded alone', async () => {
  const dir = folder('.env');
  const agent = readFileSync(fixture('reads'), 'utf8');
  writeFileSync(join(dir, 'agent.ts'), agent);
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(
    join(import.meta.dirname, '../../../nightshift'),
    join(dir, 'node_modules/nightshift'),
  );
  const input = [join(dir, '.env')];
  const trial = await tryAgent(join(dir, 'agent.ts'), { input });
  expect(trial.outcome).toEqual({ kind: 'done' });
  expect(trial.reports[0]!.data).toEqual(['ERR_ACCESS_DENIED']);
});

/** A repository with two commits, the second packed or loose. */
function repository(): string {
  const dir = tempDir('repository');
  git(dir, 'init', '-q', '-b', 'main');
  for (const name of ['one', 'two']) {
    put(dir, name);
    git(dir, 'add', name);
    git(dir, 'commit', '-q', '-m', name);
    if (name === 'one') git(dir, 'gc', '-q');
  }
  return dir;
}

function git(dir: string, ...args: string[]): void {
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  execFileSync('git', [...who, ...args], { cwd: dir, stdio: 'ignore' });
}

test('history is granted without the configuration, from below the top as well', async () => {
  const dir = repository();
  put(dir, 'sub/file');
  const grant = await gitGrants(join(dir, 'sub'));
  const gitdir = join(dir, '.git');
  expect(grant).toMatchObject({
    root: dir,
    gitdir,
    commondir: gitdir,
    worktree: false,
    shallow: false,
  });
  const names = ['HEAD', 'objects', 'packed-refs', 'refs'].map((it) => join(gitdir, it));
  expect(grant.read).toEqual(expect.arrayContaining(names));
  expect(grant.read.filter((it) => /config$|hooks|logs|\.git$/.test(it))).toEqual([]);
});

test('a worktree, a shallow clone and a bare repository are told apart', async () => {
  const dir = repository();
  const tree = join(tempDir('trees'), 'tree');
  git(dir, 'worktree', 'add', '-q', tree);
  const worktree = await gitGrants(tree);
  expect(worktree).toMatchObject({ root: tree, commondir: join(dir, '.git'), worktree: true });
  expect(worktree.read).toContain(join(tree, '.git'));

  const clones = tempDir('clones');
  git(clones, 'clone', '-q', '--depth', '1', `file://${dir}`, 'shallow');
  git(clones, 'clone', '-q', '--bare', dir, 'bare');
  expect(await gitGrants(join(clones, 'shallow'))).toMatchObject({ shallow: true });
  expect(await gitGrants(join(clones, 'bare'))).toMatchObject({ gitdir: join(clones, 'bare') });
});

test('what is no repository, a broken one and one with borrowed objects are refused', async () => {
  await expect(gitGrants(tempDir('none'))).rejects.toMatchObject({ code: 'not-a-repository' });
  await expect(gitGrants('/not/there')).rejects.toMatchObject({ code: 'not-a-repository' });
  const dir = tempDir('broken');
  writeFileSync(join(dir, '.git'), 'gitdir: ../gone\n');
  await expect(gitGrants(dir)).rejects.toMatchObject({ code: 'repository-broken' });
  const headless = repository();
  writeFileSync(join(headless, '.git', 'HEAD'), 'garbage\n');
  const at = join(headless, '.git', 'HEAD');
  await expect(gitGrants(headless)).rejects.toMatchObject({ code: 'repository-broken', at });
  const borrowed = tempDir('borrowed');
  git(borrowed, 'clone', '-q', '--shared', repository(), 'clone');
  const clone = gitGrants(join(borrowed, 'clone'));
  await expect(clone).rejects.toMatchObject({ code: 'repository-alternates' });
});

test.each(['tree', 'main'])('isomorphic-git reads history in a child (%s)', async (which) => {
  const dir = repository();
  const tree = join(tempDir('trees'), 'tree');
  git(dir, 'worktree', 'add', '-q', tree);
  const root = which === 'tree' ? tree : dir;
  const { gitdir, commondir } = await gitGrants(root);
  const grants = { read: [], git: [root], protect: [] };
  const trial = await tryAgent(fixture('history'), {
    input: { gitdir, commondir },
    run: { grants },
  });
  expect([trial.outcome, trial.output]).toEqual([{ kind: 'done' }, []]);
  expect(trial.reports[0]!.data).toEqual({
    log: ['two\n', 'one\n'],
    last: 'two\n',
    files: ['one', 'two'],
  });
});
