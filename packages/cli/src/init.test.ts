import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeBinary, repoRoot, spawnProcess, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { nightshift } from '../test/command.ts';
import { CATALOG } from './catalog.ts';

const SLOW = 90_000;

/** The commands of a README, one a line of its `sh` blocks. */
function commandsOf(readme: string): readonly string[] {
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)];
  return blocks.flatMap(([, text = '']) => text.trim().split('\n'));
}

test(
  'a starter project does what its README says, in a folder of its own',
  async () => {
    const dir = tempDir('starter');
    const made = await nightshift(dir, 'init', 'My Nights', '--timezone', 'UTC', '--json');
    expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
    const project = join(dir, 'My Nights');
    const commands = commandsOf(readFileSync(join(project, 'README.md'), 'utf8'));
    expect(commands).toHaveLength(3);
    let last = '';
    for (const command of commands) {
      const env = { npm_config_update_notifier: 'false', npm_config_offline: 'true' };
      const child = spawnProcess('sh', ['-c', command], { cwd: project, env });
      const { code } = await child.exited;
      expect({ command, code, stderr: child.stderr }).toMatchObject({ code: 0 });
      last = child.stdout;
    }
    expect(last).toContain('cannot be overspent');
    // Where the checkout lies is said to programs alone.
    const texts = made.json()['files'] as string[];
    const naming = texts.filter((it) => readFileSync(join(project, it), 'utf8').includes(repoRoot));
    expect(naming).toEqual(['package.json']);
    const tsc = join(repoRoot, 'node_modules/typescript/bin/tsc');
    const checked = spawnSync(nodeBinary, [tsc, '-p', project], { encoding: 'utf8' });
    expect(checked.stdout).toBe('');
  },
  SLOW,
);

test(
  'init changes no file that is there, and refuses a zone and an amount that are none',
  async () => {
    const dir = tempDir('starter');
    writeFileSync(join(dir, 'README.md'), 'mine');
    const taken = await nightshift(dir, 'init', '.', '--json');
    expect(taken.code).toBe(64);
    expect(taken.json()).toMatchObject({ error: { code: 'init-exists' } });
    expect(readFileSync(join(dir, 'README.md'), 'utf8')).toBe('mine');
    expect((await nightshift(dir, 'init', 'a', '--timezone', 'Mars/Olympus')).code).toBe(64);
    expect((await nightshift(dir, 'init', 'a', '--per-day', 'much')).code).toBe(64);
    expect(existsSync(join(dir, 'a'))).toBe(false);
  },
  SLOW,
);

test(
  'what a channel or model needs is in .env.example, and check says that it is missing',
  async () => {
    const dir = tempDir('starter');
    await nightshift(dir, 'init', 'a', '--channel', 'ntfy', '--model', 'anthropic');
    expect(readFileSync(join(dir, 'a/.env.example'), 'utf8')).toMatch(
      /^ANTHROPIC_API_KEY=$[^]*^NTFY_TOPIC=$/m,
    );
    const checked = await nightshift(join(dir, 'a'), 'check');
    expect(checked.code).toBe(78);
    expect(checked.stderr).toContain('NTFY_TOPIC');
  },
  SLOW,
);

test(
  'bash completes commands, what is below them, and options; every shell knows every command',
  async () => {
    const dir = tempDir('completion');
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await nightshift(dir, 'completion', shell);
      expect(code).toBe(0);
      for (const { name, hidden } of CATALOG) {
        expect({ shell, name, known: new RegExp(`\\b${name}\\b`).test(stdout) || hidden }).toEqual({
          shell,
          name,
          known: true,
        });
      }
      writeFileSync(join(dir, shell), stdout);
    }
    const complete = (...words: string[]): string[] => {
      const line = `source ${dir}/bash; COMP_WORDS=(nightshift ${words.join(' ')});
        COMP_CWORD=${words.length}; _nightshift; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
      return stdout.trim().split('\n');
    };
    expect(complete('sta')).toEqual(['status']);
    expect(complete('jobs', 'l')).toEqual(['list']);
    expect(complete('--config', 'x', 'jobs', 'sh')).toEqual(['show']);
    expect(complete('halt', '--re')).toEqual(['--reason']);
    expect((await nightshift(dir, 'completion', 'tcsh')).code).toBe(64);
  },
  SLOW,
);
