import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

interface Addresses {
  readonly pid: number;
  readonly model: string;
  readonly ntfy: string;
  readonly discord: string;
  readonly web: string;
}

function start(args: string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function firstLine(output: Readable): Promise<Addresses> {
  const [line] = (await once(createInterface(output), 'line')) as [string];
  return JSON.parse(line) as Addresses;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'the program serves all four ends and leaves on %s, calls in flight or not',
  async (signal) => {
    const prices = JSON.stringify({ m: { inputNusdPerMTok: 1e6, outputNusdPerMTok: 2e6 } });
    const child = start(['--prices', prices, '--reply', 'two words', '--ntfy-token', 'tk']);
    const at = await firstLine(child.stdout);
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    const call = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    await fetch(`${at.model}/v1/chat/completions`, call);
    const bill = await (await fetch(`${at.model}/__bill`)).json();
    expect(bill).toMatchObject({ calls: 1, totalNusd: 8 + 2 * 2 });
    expect((await fetch(at.ntfy, { method: 'POST', body: '{"topic":"a"}' })).status).toBe(403);
    expect((await fetch(at.discord)).status).toBe(200);
    expect((await fetch(`${at.web}/none`)).status).toBe(404);
    const hang = JSON.stringify([{ hang: 'before-headers' }]);
    await fetch(`${at.model}/__script`, { method: 'POST', body: hang });
    const hanging = Promise.allSettled([fetch(`${at.model}/v1/chat/completions`, call)]);
    await fetch(`${at.model}/__requests?atLeast=2`);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await hanging).toMatchObject([{ status: 'rejected' }]);
  },
);

test('the program listens where it is told to', async () => {
  const first = start([]);
  const { port } = new URL((await firstLine(first.stdout)).web);
  first.kill();
  await once(first, 'exit');
  const second = start(['--port-web', port]);
  const { web } = await firstLine(second.stdout);
  second.kill();
  await once(second, 'exit');
  expect(web).toBe(`http://127.0.0.1:${port}`);
});
