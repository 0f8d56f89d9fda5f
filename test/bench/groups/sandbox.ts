import { fileURLToPath } from 'node:url';
import { type Capabilities, systemClock } from '@nightshift/domain';
import { systemProcesses } from '@nightshift/lifecycle';
import { directLauncher, runChild } from '@nightshift/sandbox';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, atMost } from '../row.ts';
import { median, summarise } from '../statistics.ts';
import { agentFile } from '../support/site.ts';

const STARTS_A_ROUND = 6;

interface Case {
  readonly id: string;
  readonly agent: string;
  readonly bare: string;
  readonly budgetMs: number;
}

const CASES: readonly Case[] = [
  { id: 'sandbox.start', agent: 'first-line', bare: 'bare-first-line', budgetMs: 120 },
  { id: 'sandbox.start_ai', agent: 'first-line-ai', bare: 'bare-first-line-ai', budgetMs: 500 },
];

/** From the decision to run an attempt to the first line of the agent's own code. */
export const sandbox: Group = { ids: CASES.map(({ id }) => id), run };

async function run(bench: Bench): Promise<Results> {
  const rows: Measured[] = [];
  for (const it of CASES) if (bench.wants(it.id)) rows.push(await measure(bench, it));
  return { rows };
}

async function measure(bench: Bench, { id, agent, bare, budgetMs }: Case): Promise<Measured> {
  const ours: number[] = [];
  const peer: number[] = [];
  const scratch = bench.workspace.folder('scratch');
  for (let n = 0; n < (bench.rounds + 1) * STARTS_A_ROUND; n++) {
    const child = await childStart(agent, scratch);
    const alone = await bareStart(bench, bare);
    if (n < STARTS_A_ROUND) continue;
    ours.push(child);
    peer.push(alone);
  }
  const { low, high, count } = summarise(ours);
  return {
    id,
    unit: 'ms',
    ours: median(ours),
    spread: [low, high],
    peer: { name: 'the same module in a plain node', value: median(peer) },
    budget: atMost(budgetMs),
    note: `runChild with the direct launcher to the agent's first call out, ${count} starts`,
  };
}

/** @returns ms to the first call that the agent makes */
async function childStart(agent: string, scratchRoot: string): Promise<number> {
  const processes = systemProcesses();
  const startedAt = performance.now();
  let first = Number.NaN;
  const outcome = await runChild({
    launcher: directLauncher,
    entryFile: agentFile(agent),
    job: {
      id: 'job',
      agent: 'bench',
      attempt: 1,
      scheduledFor: null,
      deadline: systemClock.now() + 20_000,
    },
    previous: null,
    input: null,
    models: {},
    grants: { read: [], git: [], protect: [] },
    memoryMb: 128,
    capabilities: noting(() => (first = performance.now() - startedAt)),
    signal: new AbortController().signal,
    clock: systemClock,
    identify: (pid) => processes.ref(pid),
    onStarted: () => undefined,
    onOutput: () => undefined,
    scratchRoot,
  });
  if (outcome.kind !== 'done') throw new Error(`the agent ended: ${JSON.stringify(outcome)}`);
  return first;
}

/** Capabilities of an agent that only logs. */
function noting(note: () => void): Capabilities {
  const refuse = (): Promise<never> => Promise.reject(new Error('not part of this benchmark'));
  return {
    http: refuse,
    stepResult: refuse,
    completeStep: refuse,
    report: refuse,
    draft: refuse,
    progress: refuse,
    log: async () => note(),
    denied: refuse,
  };
}

async function bareStart({ workspace }: Bench, fixture: string): Promise<number> {
  const startedAt = performance.now();
  const file = fileURLToPath(new URL(`../fixtures/${fixture}.ts`, import.meta.url));
  const program = workspace.start([file], { ownSession: true });
  await program.line(0);
  const ms = performance.now() - startedAt;
  await program.exited;
  return ms;
}
