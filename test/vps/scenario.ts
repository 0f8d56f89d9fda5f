import assert from 'node:assert/strict';
import { waitUntil } from '@nightshift/support';
import {
  AGENTS,
  CONFIG,
  DEPLOYED,
  FEED,
  type Operator,
  PROJECT,
  SERVICES,
  commandOf,
  fakesUnit,
} from './operator.ts';
import { deploys, fullDisk, interrupted, rollsBack, upgradesInJob } from './upgrades.ts';

/** One sentence, and what shows it. In order: each begins where the one before ended. */
export type Check = readonly [name: string, show: (it: Operator) => Promise<void> | void];

const minute = { timeoutMs: 90_000, everyMs: 1_000 };

export const CHECKS: readonly Check[] = [
  ['the shipped script deploys it over ssh, and somebody gets the test message', deployed],
  ['systemd finds nothing wrong with the units, and gives each 2.0 or less', unitsScore],
  ['a slot of the schedule becomes a digest', slotRuns],
  ['restarting any one service leaves the others their processes', restartsSingly],
  ['an agent has no network, not even to this machine', noNetwork],
  ['an agent that eats memory dies, and the worker keeps its process', greedyDies],
  ['a stopped worker is seen, killed and replaced, and told of', wedged],
  ['a halt outlives a reboot, until somebody resumes', haltSurvives],
  ['with a broken configuration after a reboot the watchdog alone runs, and says so', badConfig],
  // Before the restore, after which nothing is left of the day's cap.
  ['an upgrade in the middle of a job, that migrates, ends the job once', upgradesInJob],
  [
    'an upgrade that migrated and does not beat is rolled back, and no key or cent is lost',
    rollsBack,
  ],
  ['an upgrade that was cut off leaves what runs alone, and the next one ends it', interrupted],
  ['an upgrade that fills the disk leaves what runs alone, and the next one ends it', fullDisk],
  ['a backup of the running system is restored into the stopped one', restores],
  ['stopping the target leaves no process', stopsClean],
  ['installing again changes nothing', installsAgain],
  ['a copy each of the scheduled shape runs by its timer unit', scheduled],
  ['uninstall removes what install wrote, and keeps the state', uninstalls],
];

function deployed(it: Operator): void {
  const { machine } = it;
  // As fresh as a machine is that nobody has prepared.
  machine.sh('dpkg --purge bubblewrap libatomic1');
  deploys(it, () => {
    for (const [name, text] of Object.entries(AGENTS)) {
      machine.write(`${PROJECT}/agents/${name}.ts`, text);
    }
    machine.write(`${PROJECT}/nightshift.config.ts`, CONFIG);
    machine.write('etc/nightshift/nightshift.env', 'NTFY_TOPIC=a-topic-of-its-own\n');
    machine.write('etc/systemd/system/fakes.service', fakesUnit());
    machine.sh('systemctl daemon-reload && systemctl enable --now fakes');
  });
  it.route('/feed', FEED);
}

/** The files as install wrote them, and the same again with the drop-in that bubblewrap needs. */
function unitsScore({ machine }: Operator): void {
  const units = '/etc/systemd/system';
  const names = [...SERVICES, 'watch', 'backup', 'run@'].map((it) => `nightshift-${it}.service`);
  const verified = machine.sh(
    `cd ${units} && systemd-analyze verify --man=no ${names.join(' ')} nightshift.target 2>&1`,
  );
  assert.doesNotMatch(verified, /nightshift/);
  machine.sh('mkdir -p /run/scored');
  const most = (prefix: string): number => {
    const scores = names.map((name) => {
      const copy = `${prefix}${name}`;
      const score = `systemd-analyze security --offline=true --no-pager ./${copy} | tail -n 1`;
      const said = machine.sh(
        `cp ${units}/${name} /run/scored/${copy} && cd /run/scored && ${score}`,
      );
      return Number(/: (\d+\.\d)/.exec(said)?.[1] ?? 10);
    });
    return Math.max(...scores);
  };
  assert.ok(most('alone-') <= 2);
  assert.ok(most('') <= 2.9);
}

async function slotRuns(it: Operator): Promise<void> {
  const job = await waitUntil(() => it.ended('digest'), {
    what: 'a job of the schedule',
    ...minute,
  });
  assert.equal(job.state, 'done');
  assert.notEqual(job.slot, null);
  assert.match(it.machine.sh('nightshift reports show latest'), /A night that ended well/);
}

async function restartsSingly(it: Operator): Promise<void> {
  for (const service of SERVICES) {
    const before = it.pids();
    it.machine.sh(`systemctl restart nightshift-${service}`);
    await it.beating();
    const after = it.pids();
    for (const other of SERVICES) {
      assert.equal(after[other] === before[other], other !== service, `${service}: ${other}`);
    }
  }
}

async function noNetwork(it: Operator): Promise<void> {
  it.machine.sh('nightshift run prober');
  const { reports } = it.json<{ reports: readonly { id: string }[] }>(
    'reports list --agent prober',
  );
  const shown = it.machine.sh(`nightshift reports show ${reports[0]?.id}`);
  assert.doesNotMatch(shown, /connected|answered/);
  assert.match(shown, /raw \w+, asked [\w-]+/);
  assert.equal(it.status().sandbox.launcher, 'bwrap');
}

async function greedyDies(it: Operator): Promise<void> {
  const before = it.pid('worker');
  it.machine.sh('nightshift enqueue greedy');
  const job = await waitUntil(() => it.ended('greedy'), { what: 'the greedy job', ...minute });
  assert.equal(job.state, 'dead');
  assert.equal(it.pid('worker'), before);
}

async function wedged(it: Operator): Promise<void> {
  const before = it.pid('worker');
  it.machine.sh(`kill -STOP ${before}`);
  await waitUntil(() => ![0, before].includes(it.pid('worker')), { what: 'another', ...minute });
  await it.beating();
  const seen = (): boolean =>
    it.incidents().some((one) => one.rule === 'service-silent' && one.state === 'resolved');
  await waitUntil(seen, { what: 'the alert to be resolved', ...minute });
}

async function haltSurvives(it: Operator): Promise<void> {
  it.machine.sh('nightshift halt --now --reason "the reboot"');
  await it.machine.reboot();
  await it.beating();
  assert.equal(it.status().halted, true);
  assert.equal(it.machine.run('nightshift', 'run', 'digest').code, 69);
  it.machine.sh('nightshift resume');
  assert.equal(it.status().halted, false);
}

async function badConfig(it: Operator): Promise<void> {
  it.machine.write(`${PROJECT}/nightshift.config.ts`, 'export default { timezon: 1 };\n');
  await it.machine.reboot();
  const down = (): boolean =>
    (['scheduler', 'worker'] as const).every((s) => it.state(s) === 'failed');
  await waitUntil(down, { what: 'scheduler and worker to stay down', ...minute });
  assert.deepEqual([it.exitStatus('scheduler'), it.exitStatus('worker')], [78, 78]);
  assert.equal(it.state('watchdog'), 'active');
  const told = (): boolean => it.incidents().some((one) => one.rule === 'config-invalid');
  await waitUntil(told, { what: 'config-invalid to be told', ...minute });
  it.machine.write(`${PROJECT}/nightshift.config.ts`, CONFIG);
  it.machine.sh('systemctl restart nightshift-scheduler nightshift-worker nightshift-watchdog');
  await it.beating();
}

async function restores(it: Operator): Promise<void> {
  it.machine.sh('systemctl start nightshift-backup.service');
  const dir = '/var/lib/nightshift/backups';
  const file = `${dir}/${it.machine.sh(`ls -t ${dir} | head -n 1`)}`;
  assert.equal(it.machine.run('nightshift', 'restore', file).code, 69);
  it.machine.sh('systemctl stop nightshift.target');
  await stopped(it);
  assert.match(it.machine.sh(`nightshift restore ${file}`), /restored {2}as of/);
  it.machine.sh('nightshift spend verify && systemctl start nightshift.target');
  it.machine.sh('systemctl start nightshift-scheduler nightshift-worker nightshift-watchdog');
  await it.beating();
}

async function stopsClean(it: Operator): Promise<void> {
  it.machine.sh('systemctl stop nightshift.target');
  await stopped(it);
  assert.equal(it.machine.run('pgrep', '-u', 'nightshift').stdout, '');
}

async function stopped(it: Operator): Promise<void> {
  const over = (): boolean => SERVICES.every((service) => it.state(service) === 'inactive');
  await waitUntil(over, { what: 'three services to end', ...minute });
}

async function installsAgain(it: Operator): Promise<void> {
  const said = it.machine.sh(`cd ${PROJECT} && ${commandOf(DEPLOYED)} install --systemd 2>&1`);
  assert.doesNotMatch(said, /wrote/);
  await it.beating();
}

function scheduled(it: Operator): void {
  it.machine.sh('systemctl start nightshift-run@digest.service');
  assert.equal(it.machine.sh('systemctl show -p Result --value nightshift-run@digest'), 'success');
}

async function uninstalls(it: Operator): Promise<void> {
  const said = it.machine.sh(`${commandOf(DEPLOYED)} uninstall`);
  assert.match(said, /removed +\/usr\/local\/bin\/nightshift/);
  const left = it.machine.sh('ls /etc/systemd/system | grep nightshift || true');
  assert.equal(left.replace(/^\S+\.d$/gm, '').trim(), '');
  assert.equal(it.machine.run('pgrep', '-u', 'nightshift').stdout, '');
  it.machine.sh('test -s /var/lib/nightshift/nightshift.db');
}
