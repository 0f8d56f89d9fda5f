import {
  DRAFTS_PENDING_MAX,
  type Draft,
  EXIT,
  type ExitCode,
  type Job,
  type Json,
  NightshiftError,
  REFUSAL_EFFECT,
} from '@nightshift/domain';
import { type Sleeper, resolveEntry, timerSleeper } from '@nightshift/lifecycle';
import { requireAgent } from './agents.ts';
import { enqueue } from './enqueue.ts';
import { readHalt } from './halt-state.ts';
import { type Installation, notFound } from './installation.ts';
import { migrateDatabases } from './migrate.ts';
import { startService } from './service-process.ts';

/** Between two looks at the job, ms. */
const LOOK_MS = 100;

export interface RunRequest {
  readonly agent: string;
  readonly input?: Json | undefined;
  readonly cwd: string;
  /** Called when the job has moved. */
  readonly onProgress?: (job: Job) => void;
  /** A line the worker wrote to stderr. */
  readonly onSaid?: (text: string) => void;
  /** Aborted to end early: the worker drains and gives the job back. */
  readonly signal?: AbortSignal;
  readonly sleeper?: Sleeper;
}

export interface RunResult {
  readonly job: Job;
  /** Drafts of the agent that a person had approved and that were taken up, as they ended. */
  readonly drafts: readonly Draft[];
  readonly exitCode: ExitCode;
}

/**
 * Runs one agent once: a job with a key of its own, worked on by a worker that ends with it, under
 * the same gates as ever; before it, what a person approved of its drafts. A halted installation
 * and a paused agent are refused before a job is made; what is halted or paused later ends the
 * worker, and the job stays in the queue.
 *
 * @throws NightshiftError `unknown-agent` (64) and `entry-missing` (78) before anything is written;
 * `halted`, `agent-paused` (69), `worker-failed` (the worker's own code) when it ended without
 * touching the job.
 */
export async function runOnce(installation: Installation, request: RunRequest): Promise<RunResult> {
  const settings = await installation.settings();
  const agent = requireAgent(settings, request.agent);
  resolveEntry(agent.entry, settings.dir, `agents.${agent.name}.entry`);
  await migrateDatabases(installation);
  const halt = await readHalt(installation);
  if (halt.halted) throw halted(halt.reason);
  await requireActive(installation, request.agent);
  const drafts = await executeApproved(installation, request);
  const { job } = await enqueue(installation, { agent: request.agent, input: request.input });
  if (job === null) throw notFound('job', 'that was enqueued a moment ago', 'run it again');
  const code = await work(installation, job, request);
  const end = (await (await installation.store()).jobs.get(job.id)) ?? job;
  if (end.attempts === 0 && end.state === 'queued' && code !== 0 && end.waitReason === null) {
    throw workerFailed(code);
  }
  return { job: end, drafts, exitCode: exitCodeOf(end) };
}

/**
 * What a person approved since the last run happens now, each as its own job behind the same door:
 * where nothing is resident nobody else would do it. How it ends is no matter of this run.
 */
async function executeApproved(
  installation: Installation,
  request: RunRequest,
): Promise<readonly Draft[]> {
  const { drafts, jobs } = await installation.store();
  const filter = { state: 'approved', agent: request.agent, limit: DRAFTS_PENDING_MAX } as const;
  const ended: Draft[] = [];
  for (const { id, execution } of (await drafts.list(filter)).toReversed()) {
    const job = execution === null ? null : await jobs.get(execution);
    if (job?.state !== 'queued' || request.signal?.aborted === true) continue;
    const { onProgress: _own, ...silent } = request;
    await work(installation, job, silent);
    const draft = await drafts.get(id);
    if (draft !== null) ended.push(draft);
  }
  return ended;
}

/** Starts the worker and watches the job until the worker is gone. @returns its exit code. */
async function work(installation: Installation, job: Job, request: RunRequest): Promise<number> {
  const { configFile, paths, environment } = installation;
  const target = { configFile, paths, environment, cwd: request.cwd };
  const child = startService('worker', target, ['--only', job.id]);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => request.onSaid?.(text));
  let code: number | null = null;
  child.once('close', (ended) => {
    code = ended ?? 1;
  });
  const stop = (): void => void child.kill('SIGTERM');
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    await watch(installation, job, request, () => code !== null);
    return code ?? 1;
  } finally {
    request.signal?.removeEventListener('abort', stop);
  }
}

async function watch(
  installation: Installation,
  job: Job,
  request: RunRequest,
  isOver: () => boolean,
): Promise<void> {
  const { jobs } = await installation.store();
  const sleeper = request.sleeper ?? timerSleeper();
  let last = '';
  while (!isOver()) {
    const now = await jobs.get(job.id);
    const seen = JSON.stringify([now?.state, now?.progress]);
    if (now !== null && seen !== last) request.onProgress?.(now);
    last = seen;
    await sleeper.sleep(LOOK_MS);
  }
}

/** 69 where a gate said no, 75 where the queue will try again by itself. */
function exitCodeOf(job: Job): ExitCode {
  if (job.state === 'done') return EXIT.ok;
  if (job.state === 'queued') return job.waitReason === 'backoff' ? EXIT.tryAgain : EXIT.refused;
  return job.lastError !== null && isRefusal(job.lastError.code) ? EXIT.refused : EXIT.failed;
}

/** A gate said no, and waiting would not have changed it. */
function isRefusal(code: string): boolean {
  return Object.hasOwn(REFUSAL_EFFECT, code);
}

function halted(reason: string | null): NightshiftError {
  return new NightshiftError('halted', `everything is halted: ${reason ?? 'no reason was given'}`, {
    fix: 'nightshift resume, when that is over',
    exitCode: EXIT.refused,
  });
}

/** A worker could only wait for it, for as long as nobody resumes it. */
async function requireActive(installation: Installation, agent: string): Promise<void> {
  const { control } = await installation.store();
  if (!(await control.pausedAgents()).includes(agent)) return;
  throw new NightshiftError('agent-paused', `${agent} is paused`, {
    at: agent,
    fix: `nightshift agents resume ${agent}`,
    exitCode: EXIT.refused,
  });
}

function workerFailed(code: number): NightshiftError {
  const known = code === EXIT.config || code === EXIT.tryAgain ? code : EXIT.failed;
  return new NightshiftError('worker-failed', `the worker ended with ${code} before it began`, {
    fix: 'what it said is above; nightshift logs --service worker has the rest',
    exitCode: known,
  });
}
