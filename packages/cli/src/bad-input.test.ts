import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openInstallation } from '@nightshift/operate';
import { onCleanup, repoRoot, tempDir, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../test/command.ts';

// A command takes a third of a second by itself, and a worker two; more on a busy machine.
const SLOW = 30_000;

test(
  'a run or an up with a broken configuration makes nothing',
  async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'nightshift.config.ts'), `export default { timezone: 'Mars' };`);
    for (const args of [['run', 'digest'], ['up']]) {
      const ran = await nightshift(dir, ...args, '--json');
      expect(ran.code).toBe(78);
      expect(ran.json()).toMatchObject({ error: { code: 'config-invalid' } });
      expect(existsSync(join(dir, '.nightshift'))).toBe(false);
    }
  },
  SLOW,
);

test(
  'a run of an unknown or a paused agent puts nothing into the queue',
  async () => {
    const { dir, installation } = await makeSite();
    const unknown = await nightshift(dir, 'run', 'digets', '--json');
    expect(unknown.code).toBe(64);
    expect(unknown.json()).toMatchObject({ error: { code: 'unknown-agent' } });
    const { control, jobs } = await installation.store();
    await control.pauseAgent('digest', { kind: 'person', name: 'test' });
    const paused = await nightshift(dir, 'run', 'digest', '--json');
    expect(paused.code).toBe(69);
    expect(paused.json()).toMatchObject({
      error: { code: 'agent-paused', at: 'digest', fix: 'nightshift agents resume digest' },
    });
    expect(await jobs.list({ limit: 10 })).toEqual([]);
  },
  SLOW,
);

test(
  'a run of an agent whose entry is not there makes nothing, and a check lists it with the rest',
  async () => {
    const dir = tempDir();
    const config = join(dir, 'nightshift.config.ts');
    const agents = `{ digest: { entry: './none.ts' } }`;
    writeFileSync(config, `export default { timezone: 'UTC', agents: ${agents} };`);
    const ran = await nightshift(dir, 'run', 'digest', '--json');
    expect(ran.code).toBe(78);
    expect(ran.json()).toMatchObject({
      error: { code: 'entry-missing', at: 'agents.digest.entry' },
    });
    expect(readdirSync(dir)).toEqual(['nightshift.config.ts']);
    writeFileSync(config, `export default { timezone: 'Mars', agents: ${agents} };`);
    const checked = await nightshift(dir, 'check');
    expect(checked.code).toBe(78);
    expect(checked.stderr).toMatch(
      /2 mistakes[^]*timezone: [^]*agents\.digest\.entry: there is no/,
    );
  },
  SLOW,
);

test(
  'a run that dies of its entry says so in words, for people and programs',
  async () => {
    const { dir } = await makeSite(`export default {
      timezone: 'UTC', agents: { digest: { entry: './agent.ts', attempts: 1 } } };`);
    const person = await nightshift(dir, 'run', 'digest');
    expect(person.code).toBe(1);
    expect(person.stdout).toContain(': entry-not-agent: the default export of ');
    const program = await nightshift(dir, 'run', 'digest', '--json');
    expect(program.code).toBe(1);
    expect(program.json()).toMatchObject({
      job: { state: 'dead', lastError: { code: 'entry-not-agent' } },
    });
  },
  SLOW,
);

test(
  'a run that is halted gives its job back and ends',
  async () => {
    const entry = join(repoRoot, 'test/fixtures/agents/deaf.ts');
    const { dir, installation } = await makeSite(`export default {
      timezone: 'UTC', times: { drain: '1s' }, agents: { deaf: { entry: '${entry}' } } };`);
    const run = nightshift(dir, 'run', 'deaf');
    const { jobs, control } = await installation.store();
    const began = async () => (await jobs.list({ limit: 1 }))[0]?.progress?.done === 1;
    await waitUntil(began, { what: 'the agent to begin', timeoutMs: 20_000 });
    await control.halt('enough', { kind: 'person', name: 'test' });
    expect((await run).code).toBe(69);
    expect(await jobs.list({ limit: 1 })).toMatchObject([{ state: 'queued', attempts: 0 }]);
  },
  SLOW,
);

test(
  'a database of another program is refused by name and not touched',
  async () => {
    const dir = tempDir();
    mkdirSync(join(dir, '.nightshift'));
    const file = join(dir, '.nightshift', 'nightshift.db');
    writeFileSync(file, 'a diary, not a database'.repeat(50));
    for (const args of [
      ['status'],
      ['run', 'digest'],
      ['up'],
      ['enqueue', 'digest'],
      ['dlq', 'list'],
    ]) {
      const ran = await nightshift(dir, ...args, '--json');
      expect({ args, code: ran.code }).toEqual({ args, code: 78 });
      expect(ran.json()).toMatchObject({ error: { at: file, fix: expect.stringMatching(/./) } });
    }
    const installation = openInstallation({ cwd: dir, create: false });
    onCleanup(() => installation.close());
    await expect(installation.store()).rejects.toMatchObject({ exitCode: 78 });
    expect(readdirSync(join(dir, '.nightshift'))).toEqual(['nightshift.db']);
  },
  SLOW,
);
