import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repoRoot, spawnNode, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';

const CLI = path.join(repoRoot, 'packages/cli/src/main.ts');

/** A repository with two commits, made by the real git. */
function repository(): string {
  const dir = tempDir();
  const git = (...args: string[]): void => {
    execFileSync('git', args, {
      cwd: dir,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: dir,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.test',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.test',
      },
    });
  };
  git('init', '--quiet', '--initial-branch', 'main');
  git('commit', '--quiet', '--allow-empty', '-m', 'Begin the night shift');
  git('commit', '--quiet', '--allow-empty', '-m', 'Keep the lights on');
  return dir;
}

/** A line without what differs each time: numbers, amounts, paths, bars. */
function skeleton(line: string): string {
  const same = line.replaceAll(/[█░]+/g, '').replaceAll(/\S*\d\S*|\/\S+/g, '_');
  return same.replaceAll(/\s+/g, ' ').trim();
}

/** What README.md shows of it, without the lines at which it was cut. */
function shownInReadme(): readonly string[] {
  const readme = readFileSync(path.join(repoRoot, 'README.md'), 'utf8');
  const shown = /<!-- start of[^\n]*\n```\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  return shown.split('\n').filter((line) => !['', '...'].includes(line.trim()));
}

test('the first look runs a digest and a runaway, and leaves nothing running', async () => {
  const temporary = tempDir();
  const look = spawnNode([CLI, 'start', '--path', repository()], { env: { TMPDIR: temporary } });
  expect(await look.exited).toEqual({ code: 0, signal: null });

  expect(look.stdout).toContain('Begin the night shift');
  expect(look.stdout).toContain('$0.00');
  expect(look.stdout).toContain('REFUSED');
  // What the ledger says and what the stand-in billed are the same, call by call.
  const [, ledgerCalls, settled] =
    /ledger\s+(\d+) calls, (\$[\d.]+) settled/.exec(look.stdout) ?? [];
  const [, serverCalls, billed] = /server\s+(\d+) calls, (\$[\d.]+) billed/.exec(look.stdout) ?? [];
  expect(Number(ledgerCalls)).toBeGreaterThan(3);
  expect([serverCalls, billed]).toEqual([ledgerCalls, settled]);

  const printed = new Set(look.stdout.split('\n').map(skeleton));
  expect(shownInReadme().length).toBeGreaterThan(10);
  expect(shownInReadme().filter((line) => !printed.has(skeleton(line)))).toEqual([]);

  const report = /report\s+(\S+\.md)/.exec(look.stdout)?.[1] ?? '';
  expect(report.startsWith(temporary)).toBe(true);
  expect(readFileSync(report, 'utf8')).toContain('Keep the lights on');
  expect(existsSync(/database (\S+)/.exec(look.stdout)?.[1] ?? '')).toBe(true);
});
