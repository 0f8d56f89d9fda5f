import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNtfy } from '@nightshift/fakes';
import { planInstall } from '@nightshift/operate';
import { onCleanup, spawnProcess } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite } from '../../packages/cli/test/command.ts';

/** What crontab(5) makes of a line of /etc/cron.d: five fields, the user, the rest for the shell. */
function commandsOf(crontab: string): readonly string[] {
  const lines = crontab.split('\n').filter((it) => /^[\d*]/.test(it));
  return lines.map((it) => it.replace(/^(?:\S+ ){6}/, '').replaceAll('\\%', '%'));
}

/** cron gives a command next to nothing, and its home as the folder. */
async function byCron(command: string): Promise<number | null> {
  const bare = ['-i', 'PATH=/usr/bin:/bin', 'HOME=/', 'SHELL=/bin/sh', '/bin/sh', '-c', command];
  return (await spawnProcess('env', bare, { cwd: '/' }).exited).code;
}

test('with cron alone, a dead letter reaches its receiver, and no process stays', async () => {
  const ntfy = await startNtfy();
  onCleanup(() => ntfy.close());
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { dir, installation } = await makeSite(`export default {
    timezone: '${zone}',
    alerts: { channels: [{ kind: 'ntfy', server: '${ntfy.url}', topic: 'nights' }] },
    agents: { doomed: { entry: './agent.ts', schedule: '0 6 * * *', attempts: 1 } },
  };`);
  writeFileSync(join(dir, 'agent.ts'), `throw new Error('this agent cannot even be loaded');\n`);
  const stateDir = installation.paths.dir;
  const request = { kind: 'cron' as const, cwd: dir, stateDir, withoutAlerts: false };
  const { files } = await planInstall(request);
  const [run = '', watch = '', backup = ''] = commandsOf(files[0]?.text ?? '');
  expect(await byCron(run)).toBe(1);
  expect(ntfy.messages()).toEqual([]);
  expect(await byCron(watch)).toBe(0);
  expect(ntfy.messages().map((it) => it.title)).toEqual([expect.stringMatching(/doomed/)]);
  expect(ntfy.messages()[0]?.message).toContain('dead');
  // The next pass has no news, and the backup is a line too.
  expect(await byCron(watch)).toBe(0);
  expect(ntfy.messages()).toHaveLength(1);
  expect(await byCron(backup)).toBe(0);
  expect(spawnSync('pgrep', ['-f', stateDir], { encoding: 'utf8' }).stdout).toBe('');
}, 90_000);
