/**
 * All of `pnpm test:vps`: what is below runs as two lanes side by side, each on machines of its
 * own, because most of the time each of them waits. Lines bear the name of their script. Needs
 * root; says so and is skipped without.
 *
 *   node test/vps/all.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { nodeBinary, repoRoot } from '@nightshift/support';
import { prepareRoot } from './prepare.ts';

const LANES = [['main'], ['readme', 'runbook', 'container']] as const;

const running = new Set<ReturnType<typeof spawn>>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
  });
}
// Made here, once: the lanes would make the same Debian at the same time.
const prepared = prepareRoot();
if ('missing' in prepared) console.log(`test/vps was skipped: ${prepared.missing}`);
else {
  const codes = await Promise.all(LANES.map(lane));
  process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
}

/** Runs its scripts one after the other, also after one that failed. @returns the worst exit code. */
async function lane(scripts: readonly string[]): Promise<number> {
  let worst = 0;
  for (const script of scripts) worst = Math.max(worst, await run(script));
  return worst;
}

async function run(script: string): Promise<number> {
  const began = performance.now();
  const child = spawn(nodeBinary, [join(repoRoot, 'test/vps', `${script}.ts`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const said = [child.stdout, child.stderr].map((stream) => repeat(script, stream));
  const [code] = (await once(child, 'exit')) as [number | null];
  running.delete(child);
  await Promise.all(said);
  const seconds = Math.round((performance.now() - began) / 1_000);
  console.log(`${script.padEnd(9)} | ended with ${code ?? 'a signal'} after ${seconds} s`);
  return code ?? 1;
}

async function repeat(script: string, stream: Readable): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    console.log(`${script.padEnd(9)} | ${line}`);
  }
}
