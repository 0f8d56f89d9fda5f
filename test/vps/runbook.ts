/**
 * Runs every block of commands of RUNBOOK.md that is for a Linux machine, in order, as root on a
 * booted Debian where it is installed, and compares what is printed with what the page says. A
 * block sees the variables that the blocks before it set, and nothing else is put in for it. Needs
 * root; says so and is skipped without.
 *
 *   node test/vps/runbook.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot, waitUntil } from '@nightshift/support';
import { Machine } from './machine.ts';
import { prepareRoot } from './prepare.ts';
import { type Block, firstMissing, runbookBlocks } from './runbook-blocks.ts';
import { isPrepared, prepareSite } from './runbook-site.ts';

/** Whatever hangs, this ends, ms. */
const LIMIT_MS = 25 * 60_000;
/** Variables from one block to the next. */
const VARIABLES = '/run/runbook.env';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const prepared = prepareRoot();
if ('missing' in prepared) say(`test/vps/runbook was skipped: ${prepared.missing}`);
else process.exitCode = await inMachine(prepared.root);

async function inMachine(root: string): Promise<number> {
  const machine = new Machine(root);
  const giveUp = (): void => {
    machine.destroy();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, giveUp);
  AbortSignal.timeout(LIMIT_MS).addEventListener('abort', giveUp);
  try {
    await machine.boot();
    prepareSite(machine);
    const wait = { timeoutMs: 90_000, everyMs: 1_000 };
    await waitUntil(() => isPrepared(machine), { what: 'a night to be told of', ...wait });
    return runAll(machine, runbookBlocks(readFileSync(join(repoRoot, 'RUNBOOK.md'), 'utf8')));
  } finally {
    machine.destroy();
  }
}

/** What comes after a failed block may fail because of it; all are tried. */
function runAll(machine: Machine, blocks: readonly Block[]): number {
  const here = blocks.filter((it) => it.elsewhere === '');
  const failed = here.filter((block) => !passes(machine, block));
  const others = blocks.filter((it) => it.elsewhere !== '');
  for (const it of others) say(`--    RUNBOOK.md:${it.line} ${it.section}: ${it.elsewhere}`);
  say(`\n${here.length - failed.length} blocks of the runbook ran, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function passes(machine: Machine, block: Block): boolean {
  const began = performance.now();
  const { code, printed } = runBlock(machine, block.script);
  const missing = code === 0 ? firstMissing(block.prints, printed) : null;
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const ok = code === 0 && missing === null;
  say(`${ok ? 'ok  ' : 'FAIL'}  RUNBOOK.md:${block.line} ${block.section} (${seconds} s)`);
  if (ok) return true;
  const what = missing === null ? `ended with ${code}` : `did not print: ${missing}`;
  say(`      ${what}\n      ${printed.trim().split('\n').slice(-30).join('\n      ')}`);
  return false;
}

/** As somebody types it into a fresh shell of root, with what was set before. */
function runBlock(machine: Machine, script: string): { code: number | null; printed: string } {
  const lines = [
    'set -ae',
    `[ ! -e ${VARIABLES} ] || . ${VARIABLES}`,
    'cd /root',
    script,
    `export -p > ${VARIABLES}`,
  ];
  const variables = ['HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'];
  const shell = ['-i', ...variables, 'sh', '-c', `exec 2>&1\n${lines.join('\n')}`];
  const { code, stdout } = machine.run('env', ...shell);
  return { code, printed: stdout };
}
