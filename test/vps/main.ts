/**
 * Boots a Debian with a real systemd and 512 MB, installs this checkout as a stranger would, and
 * shows on it what infra/README.md promises. Needs root; says so and is skipped without.
 *
 *   pnpm test:vps
 */
import { parseArgs } from 'node:util';
import { errorFacts } from '@nightshift/domain';
import { Machine } from './machine.ts';
import { CHECKOUT, Operator } from './operator.ts';
import { prepareRoot } from './prepare.ts';
import { CHECKS } from './scenario.ts';

/** Whatever hangs, this ends, ms. */
const LIMIT_MS = 15 * 60_000;
/** Room for three releases, and small enough to be filled. */
const DISK_BYTES = 4e9;
/** `--only PATTERN`: the first check, which all others need, and those whose names match it. */
const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values;
const CHOSEN = CHECKS.filter(([name], at) => at === 0 || new RegExp(only).test(name));

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const prepared = prepareRoot();
if ('missing' in prepared) say(`test/vps was skipped: ${prepared.missing}`);
else process.exitCode = await inMachine(prepared.root);

async function inMachine(root: string): Promise<number> {
  const machine = new Machine(root, { checkoutAt: CHECKOUT, wayOut: true, diskBytes: DISK_BYTES });
  const end = (): void => machine.destroy();
  AbortSignal.timeout(LIMIT_MS).addEventListener('abort', () => {
    say(`it took more than ${LIMIT_MS / 60_000} minutes`);
    end();
    process.exit(1);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      end();
      process.exit(1);
    });
  }
  try {
    await machine.boot();
    return await checkAll(new Operator(machine));
  } finally {
    end();
  }
}

/** What comes after a failed check may fail because of it; all are tried. */
async function checkAll(it: Operator): Promise<number> {
  let failed = 0;
  for (const [name, show] of CHOSEN) {
    const began = performance.now();
    const error = await Promise.resolve()
      .then(() => show(it))
      .then(
        () => null,
        (thrown: unknown) => errorFacts(thrown).message,
      );
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    say(`${error === null ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)`);
    if (error === null) continue;
    failed += 1;
    say(`      ${error.split('\n').slice(0, 12).join('\n      ')}`);
    say(it.machine.run('journalctl', '--no-pager', '-n', '15', '-u', 'nightshift*').stdout);
  }
  const { peakMb, limited, killed } = it.machine;
  if (limited) say(`memory: at most ${peakMb} of 512 MB, ${killed} processes killed for it`);
  else say('memory: this kernel sets no limit here, so 512 MB were not shown');
  say(`\n${CHOSEN.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
