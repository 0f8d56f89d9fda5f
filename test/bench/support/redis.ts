import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { waitUntil } from '@nightshift/support';
import { Redis } from 'ioredis';
import type { Workspace } from './workspace.ts';

/** What stands in the way, as the end of the sentence "not measured: ...". */
export class NoRedis extends Error {}

/**
 * Starts a Redis that only this run can reach: no port, a socket in a temporary folder. Its log is
 * on the disk before a command is answered (`appendfsync always`), as commits are on every side.
 * @returns the socket
 * @throws NoRedis where it is not installed.
 */
export async function startRedis(workspace: Workspace): Promise<string> {
  const command = program('redis-server');
  const dir = workspace.folder('redis');
  const path = join(dir, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', path, '--dir', dir, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const server = workspace.start([...settings, ...durable], { command, cwd: dir });
  workspace.onClose(async () => {
    server.kill('SIGTERM');
    await server.exited;
  });
  const client = new Redis({ path, maxRetriesPerRequest: 0, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  const ready = async (): Promise<boolean> => (await client.ping()) === 'PONG';
  try {
    await waitUntil(ready, { what: 'Redis', timeoutMs: 20_000, everyMs: 50 });
    const [, said] = await client.config('GET', 'appendfsync');
    if (said !== 'always') throw new Error(`Redis says appendfsync ${said}`);
  } finally {
    client.disconnect();
  }
  return path;
}

function program(name: string): string {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(dir, name), constants.X_OK);
      return join(dir, name);
    } catch {
      // Not in this folder.
    }
  }
  throw new NoRedis('Redis is not installed (Debian: apt-get install redis-server)');
}
