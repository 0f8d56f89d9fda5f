/**
 * What the documents say and a program can check: paths exist, commands exist, tables agree with
 * the code, and the example of the README is a configuration that `check` accepts.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { DEFAULT_RETENTION } from '@nightshift/domain';
import { repoRoot, spawnNode, tempDir } from '@nightshift/support';
import { ARROWS } from './tidy/arrows.ts';

const read = (path: string): string => readFileSync(join(repoRoot, path), 'utf8');

const DOCUMENTS = [
  ...readdirSync(repoRoot).filter((name) => name.endsWith('.md')),
  'infra/README.md',
  'test/INVARIANTS.md',
];

/** Text between back-ticks, outside of blocks, and the lines of blocks without a language or marked `sh`. */
function codeOf(document: string): { spans: readonly string[]; shell: readonly string[] } {
  const text = read(document);
  const shell = [...text.matchAll(/^```(?:sh)?\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line !== ''),
  );
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return { spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span), shell };
}

/** The cells of every row of the table that begins with this heading. */
function tableBelow(text: string, heading: string): string[][] {
  const from = text.slice(text.indexOf(heading)).split('\n');
  const end = from.findIndex((line) => !line.startsWith('|'));
  return from.slice(2, end).map((line) => line.split('|').map((cell) => cell.trim()));
}

test.each(DOCUMENTS)('%s links to files that exist', (document) => {
  const links = [...read(document).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, to = '']) => to);
  const lost = links.filter(
    (to) => !to.includes(':') && !existsSync(join(repoRoot, dirname(document), to)),
  );
  expect(lost).toEqual([]);
});

test.each(DOCUMENTS)('%s names paths that exist', (document) => {
  const paths = codeOf(document).spans.filter((span) =>
    /^(packages|services|infra|test)\/[\w./-]+$/.test(span),
  );
  // NAME, ID and NNNN stand for something the reader makes.
  const real = paths.filter((path) => !/NAME|NNNN|\bID\b/.test(path));
  expect(real.filter((path) => !existsSync(join(repoRoot, path)))).toEqual([]);
});

/** The commands there are: `status`, and `dlq redrive` where there are several below one name. */
function commandsOf(): { readonly names: ReadonlySet<string>; isBelow(line: string): boolean } {
  const catalog = read('packages/cli/src/catalog.ts');
  const names = [...catalog.matchAll(/name: '([\w-]+)'/g)].map(([, name = '']) => name);
  const below = new Map(
    names.map((name) => {
      const text = read(`packages/cli/src/commands/${name}.ts`);
      const found = [...text.matchAll(/'(\w+)'/g)].map(([, word = '']) => word);
      return [name, new Set(text.includes('.command(') ? found : [])] as const;
    }),
  );
  return {
    names: new Set(names),
    isBelow(line) {
      const [, name = '', word] = /nightshift ([a-z]+)(?: ([a-z]+))?/.exec(line) ?? [];
      const known = below.get(name);
      return word === undefined || known === undefined || known.size === 0 || known.has(word);
    },
  };
}

test.each(DOCUMENTS)('%s names commands and scripts that exist', (document) => {
  const commands = commandsOf();
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const { spans, shell } = codeOf(document);
  const unknown = [...spans, ...shell].filter((line) => {
    const [, command] = /(?:^|\/|npx )nightshift ([a-z]+)\b/.exec(line) ?? [];
    const [, script] = /^(?:pnpm|npm)(?: run)? (?!exec)([a-z][\w:]*)/.exec(line) ?? [];
    if (command !== undefined && !commands.names.has(command)) return true;
    if (command !== undefined && !commands.isBelow(line)) return true;
    return script !== undefined && !(script in scripts);
  });
  expect(unknown).toEqual([]);
});

test('the architecture shows the arrows that are enforced', () => {
  const rows = tableBelow(read('ARCHITECTURE.md'), '| folder | what lives there | may import |');
  const shown = rows.map(([, folder = '', , imports = '']) => [folder, imports]);
  const enforced = Object.entries(ARROWS)
    .filter(([folder]) => !folder.startsWith('test/'))
    .map(([folder, imports]) => [`\`${folder}\``, imports.join(', ') || 'nothing']);
  expect(shown.filter(([folder]) => !folder?.includes('test/'))).toEqual(enforced);
});

test('the architecture names every table of both databases', () => {
  const dir = join(repoRoot, 'packages/store/migrations');
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((it) =>
    it.endsWith('.sql'),
  );
  const sql = files.map((file) => readFileSync(join(dir, file), 'utf8')).join('\n');
  const tables = [...sql.matchAll(/^CREATE (?:TABLE|VIEW) (\w+)/gm)].map(([, name = '']) => name);
  const page = read('ARCHITECTURE.md');
  expect(tables.length).toBeGreaterThan(15);
  expect(tables.filter((name) => name !== 'meta' && !page.includes(`\`${name}\``))).toEqual([]);
});

test('the architecture gives a reason for every dependency of the catalog, and for no other', () => {
  const block = /^catalog:\n((?: {2}.*\n)+)/m.exec(read('pnpm-workspace.yaml'))?.[1] ?? '';
  const catalog = block.split('\n').flatMap((line) => /^ {2}'?([^':]+)'?:/.exec(line)?.[1] ?? []);
  const rows = tableBelow(read('ARCHITECTURE.md'), '| library | why it is here |');
  const argued = rows.flatMap(([, names = '']) => names.replaceAll('`', '').split(', '));
  // Node itself is pinned beside the catalog: pnpm reads it from the manifest.
  expect(argued.toSorted()).toEqual([...catalog, 'node'].toSorted());
});

test('the example of the README is a configuration that check accepts', async () => {
  const blocks = [...read('README.md').matchAll(/^```ts\n([\s\S]*?)^```/gm)];
  const [agent = '', config = ''] = blocks.map(([, block = '']) => block);
  const dir = tempDir('readme');
  mkdirSync(join(dir, 'agents'));
  writeFileSync(join(dir, 'agents/news.ts'), agent);
  writeFileSync(join(dir, 'nightshift.config.ts'), config);
  symlinkSync(join(repoRoot, 'node_modules'), join(dir, 'node_modules'));
  const command = spawnNode([join(repoRoot, 'packages/cli/src/main.ts'), 'check', '--json'], {
    cwd: dir,
    env: { NTFY_TOPIC: 'a-topic' },
  });
  const exit = await command.exited;
  expect({ ...exit, stderr: command.stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  expect(command.stdout).toContain('news');
});

test('the architecture says for how long details are kept', () => {
  const said =
    /Kept by default [^:]*: ([\s\S]*?)\. For ever/.exec(read('ARCHITECTURE.md'))?.[1] ?? '';
  const days = [...said.matchAll(/\d+/g)].map(([text]) => Number(text));
  expect(days).toEqual(Object.values(DEFAULT_RETENTION).map((ms) => ms / 86_400_000));
});

test('the README names alerts that have a section in the runbook', () => {
  const named = [...read('README.md').matchAll(/alert `([\w-]+)`/g)].map(([, id = '']) => id);
  const sections = read('RUNBOOK.md').split('\n');
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((id) => !sections.includes(`## ${id}`))).toEqual([]);
});
