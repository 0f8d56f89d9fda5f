import assert from 'node:assert/strict';
import { waitUntil } from '@nightshift/support';
import { type Deployed, Deployment } from './deployment.ts';
import type { Books, Operator } from './operator.ts';

const RELEASES = '/opt/nightshift/releases';
/** So little that no release fits, and services can go on writing for a moment, MB. */
const LEFT_MB = 12;
const WORKER = 'services/worker/src/main.ts';
const minute = { timeoutMs: 90_000, everyMs: 1_000 };

const deployments = new WeakMap<Operator, Deployment>();

/** From nothing to three services that beat: twice the same command, and between them `write`. */
export function deploys(it: Operator, write: () => void): void {
  const deployment = deploymentOf(it);
  const first = deployment.deploy();
  assert.equal(first.code, 0, first.said);
  assert.match(first.said, /now write .*nightshift\.config\.ts/);
  write();
  const second = deployment.deploy();
  assert.equal(second.code, 0, second.said);
  assert.match(second.said, /heard +ntfy: \w+/);
  assert.match(second.said, new RegExp(`${second.release} runs`));
}

/** A newer release with a newer schema, while a job is at work that paid already. */
export async function upgradesInJob(it: Operator): Promise<void> {
  const deployment = deploymentOf(it);
  const billed = it.billedCalls();
  it.machine.sh('nightshift enqueue patient');
  await waitUntil(() => it.billedCalls() > billed, { what: 'the job to have paid', ...minute });
  const before = it.books();
  deployment.commit('A table more', deployment.migration('upgraded'));
  const done = deployment.deploy();
  assert.equal(done.code, 0, done.said);
  assert.equal(it.books().schema, before.schema + 1);
  const job = await waitUntil(() => it.ended('patient'), { what: 'the job', ...minute });
  assert.equal(job.state, 'done');
  const { reports } = it.json<{ reports: readonly unknown[] }>('reports list --agent patient');
  assert.equal(reports.length, 1);
  assert.equal(it.billedCalls(), billed + 1);
  keeps(before, it.books());
}

/** The worker of the new release ends as soon as it starts; its migration has run by then. */
export async function rollsBack(it: Operator): Promise<void> {
  const deployment = deploymentOf(it);
  const good = deployment.release;
  const before = it.books();
  const broken = { ...deployment.migration('doomed'), [WORKER]: 'process.exitCode = 1;\n' };
  deployment.commit('A worker that does not work', broken);
  const failed = deployment.deploy();
  assert.equal(failed.code, 1, failed.said);
  assert.match(failed.said, new RegExp(`${failed.release} does not run; putting ${good} back`));
  assert.match(failed.said, new RegExp(`${good} runs again`));
  await it.beating();
  assert.match(it.machine.sh('readlink /opt/nightshift/current'), new RegExp(good));
  const after = it.books();
  assert.equal(after.schema, before.schema + 1);
  assert.ok(before.spentNusd > 0);
  keeps(before, after);
  it.machine.sh('nightshift spend verify');
  deployment.git('reset', '--quiet', '--hard', 'HEAD^');
}

/** Everything of the deploy dies on the machine, in the middle of its installation. */
export async function interrupted(it: Operator): Promise<void> {
  const deployment = deploymentOf(it);
  deployment.commit('A change', { 'CHANGED.md': 'changed\n' });
  const before = it.pids();
  const cut = deployment.begin();
  const installer = (): string => it.machine.run('pgrep', '-f', 'setup/run.mjs').stdout.trim();
  await waitUntil(() => installer() !== '', { what: 'the installer', ...minute, everyMs: 50 });
  const [pid = ''] = installer().split('\n');
  it.machine.sh(`pkill -KILL -s $(ps -o sid= -p ${pid})`);
  await waitUntil(() => cut.exitCode !== null, { what: 'the deploy to end', ...minute });
  assert.notEqual(cut.exitCode, 0);
  assert.deepEqual(it.pids(), before);
  runs(it, deployment.deploy());
}

export async function fullDisk(it: Operator): Promise<void> {
  const deployment = deploymentOf(it);
  deployment.commit('Another change', { 'CHANGED.md': 'changed again\n' });
  const before = it.books();
  const free = Number(it.machine.sh('df --output=avail -m / | tail -n 1'));
  it.machine.sh(`fallocate -l ${free - LEFT_MB}M /filler`);
  const failed = deployment.deploy();
  it.machine.sh('rm /filler');
  assert.notEqual(failed.code, 0, failed.said);
  assert.equal(it.machine.run('test', '-e', `${RELEASES}/${failed.release}`).code, 1);
  await it.beating();
  keeps(before, it.books());
  runs(it, deployment.deploy());
}

function runs(it: Operator, { code, said, release }: Deployed): void {
  assert.equal(code, 0, said);
  assert.match(it.machine.sh('readlink /opt/nightshift/current'), new RegExp(release));
}

function keeps(before: Books, after: Books): void {
  const kept = new Set(after.keys);
  assert.deepEqual(
    before.keys.filter((key) => !kept.has(key)),
    [],
  );
  assert.ok(after.spentNusd >= before.spentNusd);
}

function deploymentOf(it: Operator): Deployment {
  const deployment = deployments.get(it) ?? new Deployment(it.machine);
  deployments.set(it, deployment);
  return deployment;
}
