/**
 * From nothing to a finished digest with the commands of the README and no others: takes the block
 * of its section on servers and runs it on a freshly booted Debian that nobody prepared. The source
 * comes from a clone that the machine sees, packages from where this machine gets its own. Needs
 * root; says so and is skipped without.
 *
 *   node test/vps/readme.ts
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';
import { cloneInto } from './deployment.ts';
import { Machine } from './machine.ts';
import { prepareRoot } from './prepare.ts';

/** What the README promises, s. */
const LIMIT_S = 300;
/** Whatever hangs, this ends, ms. */
const LIMIT_MS = 10 * 60_000;
const SOURCE = '/srv/nightshift.git';
const COMMANDS = /^## On a server\n[\s\S]*?^```sh\n([\s\S]*?)^```/m;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const prepared = prepareRoot();
if ('missing' in prepared) say(`test/vps/readme was skipped: ${prepared.missing}`);
else process.exitCode = await inMachine(prepared.root);

async function inMachine(root: string): Promise<number> {
  const bare = join('/var/tmp', `nightshift-source-${process.pid}`);
  const machine = new Machine(root, {
    checkoutAt: null,
    shows: { [bare]: SOURCE },
    wayOut: true,
  });
  const end = (): void => {
    machine.destroy();
    spawnSync('rm', ['-rf', bare]);
  };
  const giveUp = (): void => {
    end();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, giveUp);
  AbortSignal.timeout(LIMIT_MS).addEventListener('abort', giveUp);
  try {
    const clone = join(machine.dir, 'clone');
    cloneInto(clone);
    spawnSync('git', ['clone', '--quiet', '--bare', clone, bare]);
    await machine.boot();
    machine.sh('dpkg --purge bubblewrap libatomic1');
    return follow(machine);
  } finally {
    end();
  }
}

/** As root, by the machine's own systemd, so that its memory is counted. */
function follow(machine: Machine): number {
  const [, commands = 'exit 1'] =
    COMMANDS.exec(readFileSync(join(repoRoot, 'README.md'), 'utf8')) ?? [];
  machine.write('srv/commands.sh', commands);
  const began = performance.now();
  const given = ['--setenv=HOME=/root', `--setenv=REPOSITORY=file://${SOURCE}`];
  const options = ['--pipe', '--wait', '--quiet', '--property=EnvironmentFile=/etc/environment'];
  const bash = ['bash', '-eu', '/srv/commands.sh'];
  const { code, stdout, stderr } = machine.run('systemd-run', ...options, ...given, ...bash);
  const seconds = (performance.now() - began) / 1_000;
  const report = stdout.slice(stdout.lastIndexOf('\n# ') + 1);
  const digested = code === 0 && /commit/.test(report);
  const ok = digested && seconds <= LIMIT_S;
  say(
    `${ok ? 'ok  ' : 'FAIL'}  from nothing to a digest in ${seconds.toFixed(0)} s (${LIMIT_S} s allowed)`,
  );
  if (!digested) say(`${stdout.slice(-1_500)}\n${stderr.slice(-2_500)}`);
  if (machine.limited) say(`memory: at most ${machine.peakMb} of 512 MB, ${machine.killed} killed`);
  return ok ? 0 : 1;
}
