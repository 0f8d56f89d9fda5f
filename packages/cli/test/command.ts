import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@nightshift/domain';
import { type Installation, migrateDatabases, openInstallation } from '@nightshift/operate';
import { onCleanup, repoRoot, spawnNode, tempDir } from '@nightshift/support';

/** What a command left behind. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as the one document it must be. */
  readonly json: () => Record<string, unknown>;
}

/** Runs the real command in `cwd`, without a terminal. */
export async function nightshift(cwd: string, ...args: string[]): Promise<Ran> {
  const main = join(repoRoot, 'packages/cli/src/main.ts');
  const child = spawnNode([main, ...args], { cwd });
  const { code } = await child.exited;
  const { stdout, stderr } = child;
  return { code, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

const CONFIG = `export default {
  timezone: 'UTC',
  budget: { perDay: '$1.00' },
  agents: { digest: { entry: './agent.ts' } },
};
`;

/** A folder with a configuration and migrated databases, and the installation in it. */
export async function makeSite(config = CONFIG): Promise<{
  readonly dir: string;
  readonly installation: Installation;
}> {
  const dir = tempDir('cli');
  writeFileSync(join(dir, 'nightshift.config.ts'), config);
  writeFileSync(join(dir, 'agent.ts'), 'export default null;\n');
  mkdirSync(join(dir, '.nightshift'));
  const installation = openInstallation({ cwd: dir, create: true, clock: systemClock });
  onCleanup(() => installation.close());
  await migrateDatabases(installation);
  return { dir, installation };
}
