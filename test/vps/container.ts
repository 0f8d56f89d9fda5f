/**
 * Does in a bare Debian what an engine would do with infra/container/Containerfile, step by step,
 * starts what came of it, and shows that it runs, restarts, stops and remembers. What is not shown
 * is the engine itself: layers, its limits on system calls, its networks. Needs root and a way to
 * the package registries; says so and is skipped without.
 *
 *   node test/vps/container.ts
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorFacts } from '@nightshift/domain';
import { repoRoot, waitUntil } from '@nightshift/support';
import { Container } from './container-run.ts';
import { type Instruction, imageOf, instructionsOf } from './container-file.ts';
import { prepareRoot } from './prepare.ts';

const FILE = join(repoRoot, 'infra/container/Containerfile');

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const prepared = prepareRoot();
if ('missing' in prepared) say(`test/vps/container was skipped: ${prepared.missing}`);
else process.exitCode = await inContainer(prepared.root);

async function inContainer(base: string): Promise<number> {
  const list = instructionsOf(readFileSync(FILE, 'utf8'));
  const layer = layerOf(base, list);
  const kept = existsSync(layer);
  const container = new Container(kept ? layer : base, imageOf(list));
  const giveUp = (): void => {
    container.destroy();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, giveUp);
  try {
    for (const it of list) {
      const own = list.indexOf(it) < checkoutIn(list);
      step(container, it, own && kept);
      if (!kept && list.indexOf(it) === checkoutIn(list) - 1) container.keepAs(layer);
    }
    await runs(container);
    return 0;
  } catch (error) {
    say(`FAIL  ${errorFacts(error).message}`);
    return 1;
  } finally {
    container.destroy();
  }
}

/** Where the steps begin that depend on the checkout: those before are kept, as an engine does. */
function checkoutIn(list: readonly Instruction[]): number {
  return list.findIndex((it) => it.name === 'COPY');
}

function layerOf(base: string, list: readonly Instruction[]): string {
  const steps = list.slice(0, checkoutIn(list)).map((it) => `${it.name} ${it.words}`);
  const key = createHash('sha256')
    .update([base, ...steps].join('\n'))
    .digest('hex');
  return join(dirname(base), `container-${key.slice(0, 12)}`);
}

function step(container: Container, { name, words, line }: Instruction, kept: boolean): void {
  const began = performance.now();
  if (name === 'FROM') assert.match(words, /^debian:bookworm/);
  if (name === 'WORKDIR') mkdirSync(join(container.root, words), { recursive: true });
  if (name === 'COPY') copyCheckout(container);
  if (name === 'RUN' && !kept) container.build(words);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  say(`ok    Containerfile:${line} ${name} (${kept ? 'kept' : `${seconds} s`})`);
}

/** What is in the repository or could be: the ignore file leaves out no more than that. */
function copyCheckout(container: Container): void {
  const to = join(container.root, '/opt/nightshift');
  for (const file of container.here('git', ['ls-files', '-co', '--exclude-standard']).split('\n')) {
    if (file !== '') cpSync(join(repoRoot, file), join(to, file), { recursive: true });
  }
}

async function runs(container: Container): Promise<void> {
  const without = container.once();
  assert.equal(without.code, 78);
  assert.match(without.stderr, /no-volume/);
  say('ok    without a volume it refuses to start');

  await container.start();
  const all = { timeoutMs: 90_000, everyMs: 500 };
  await waitUntil(() => beats(container), { what: 'three services that beat', ...all });
  say('ok    three services run below one init, as a user of their own');

  const { installation, worker } = seen(container);
  container.exec('kill', '-KILL', String(worker));
  const another = (): boolean => beats(container) && seen(container).worker !== worker;
  await waitUntil(another, { what: 'another worker', ...all });
  assert.equal(container.exec('ps', '-eo', 'stat=').includes('Z'), false);
  say('ok    a killed worker is replaced, and nobody is left uncollected');

  await container.stop();
  say('ok    the signal to stop ends all of it');
  await container.start();
  await waitUntil(() => beats(container), { what: 'the second container', ...all });
  assert.equal(seen(container).installation, installation);
  await container.stop();
  say('ok    the next container has the state of the one before');
}

interface Status {
  readonly services: readonly { readonly name: string; pid: number; readonly healthy: boolean }[];
}

function beats(container: Container): boolean {
  try {
    const { services } = JSON.parse(container.exec('nightshift', 'status', '--json')) as Status;
    return services.every((it) => it.healthy);
  } catch {
    return false;
  }
}

/** Which installation it is, and the pid of its worker inside. */
function seen(container: Container): { installation: string; worker: number } {
  const { services } = JSON.parse(container.exec('nightshift', 'status', '--json')) as Status;
  const worker = services.find((it) => it.name === 'worker')?.pid ?? 0;
  assert.notEqual(container.exec('stat', '-c', '%U', `/proc/${worker}`).trim(), 'root');
  return { installation: container.volumeFile('state.json'), worker };
}
