import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@nightshift/domain';
import { startNtfy, type NtfyServer } from '@nightshift/fakes';
import { serviceFlags } from '@nightshift/lifecycle';
import { openStore } from '@nightshift/store';
import {
  onCleanup,
  repoRoot,
  spawnNode,
  tempDir,
  waitUntil,
  type Child,
} from '@nightshift/support';
import { expect, test } from 'vitest';

const MAIN = join(repoRoot, 'services/watchdog/src/main.ts');

/** A folder with a configuration and one agent, and who is told. */
async function installation(): Promise<{ dir: string; server: NtfyServer }> {
  const dir = tempDir('watchdog-main');
  const server = await startNtfy();
  onCleanup(() => server.close());
  const channel = { kind: 'ntfy', server: server.url, topic: 'nights' };
  const config = { agents: { a: { entry: './a.ts' } }, alerts: { channels: [channel] } };
  writeFileSync(join(dir, 'a.ts'), 'export default 1;\n');
  writeFileSync(join(dir, 'nightshift.config.ts'), `export default ${JSON.stringify(config)};\n`);
  return { dir, server };
}

function start(dir: string): Child {
  const config = join(dir, 'nightshift.config.ts');
  const args = ['--config', config, '--state-dir', dir, '--verbose'];
  return spawnNode([...serviceFlags('watchdog'), MAIN, ...args], { cwd: dir });
}

async function says(server: NtfyServer, title: string): Promise<void> {
  const seen = (): boolean => server.messages().some((message) => message.title === title);
  await waitUntil(seen, { what: `the message ${title}`, timeoutMs: 20_000 });
}

async function stop(child: Child): Promise<void> {
  child.kill();
  expect(await child.exited).toEqual({ code: 0, signal: null });
}

test('a damaged database of its own is moved aside, and a person is told', async () => {
  const { dir, server } = await installation();
  (await openStore({ stateDir: dir, clock: systemClock, mode: 'create' })).close();
  writeFileSync(join(dir, 'watchdog.db'), 'x'.repeat(20_000));
  const watchdog = start(dir);
  await says(server, "The watchdog's own database failed");
  expect(server.messages()[0]?.message).toMatch(/damaged; it lies in .*watchdog\.db\.corrupt-/);
  await stop(watchdog);
  expect(server.messages()).toHaveLength(1);
}, 60_000);

test('the process ticks, tells, comes up without configuration and database, and stops', async () => {
  const { dir, server } = await installation();
  const store = await openStore({ stateDir: dir, clock: systemClock, mode: 'create' });
  await store.breakers.swap(await store.breakers.get('anthropic'), {
    ...(await store.breakers.get('anthropic')),
    state: 'open',
    reason: 'HTTP 500',
    openedAt: systemClock.now(),
    nextProbeAt: systemClock.now(),
  });

  const first = start(dir);
  await says(server, 'Endpoint anthropic is cut off by its breaker');
  const [life] = await store.instances.running('watchdog');
  expect(life?.pid).toBe(first.pid);
  await stop(first);
  store.close();

  writeFileSync(join(dir, 'nightshift.config.ts'), 'export default {{{\n');
  writeFileSync(join(dir, 'nightshift.db'), 'this is no database');
  const second = start(dir);
  await says(server, 'The configuration cannot be used');
  await says(server, 'The database cannot be read');
  await stop(second);
}, 60_000);
