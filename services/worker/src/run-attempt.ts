import {
  type AgentSettings,
  type ChildOutcome,
  type Clock,
  type JobStore,
  NightshiftError,
  type Principal,
  type ReportStore,
  type DraftStore,
  isExecution,
  type Settings,
  type Settlement,
  errorFacts,
} from '@nightshift/domain';
import type { BeatState, Log, Processes } from '@nightshift/lifecycle';
import { type ChildModel, type Launcher, runChild } from '@nightshift/sandbox';
import type { Actions } from '@nightshift/broker';
import { AttemptCapabilities, type AttemptParts, type Door } from './attempt-capabilities.ts';
import { ACTION_MAX_MS, runAction } from './run-action.ts';
import { writeReportFiles } from './report-files.ts';
import { CHILD_GRACE, type Running } from './running.ts';
import { settlementOf } from './settlement.ts';

export interface AttemptRunnerParts {
  readonly instance: string;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly jobs: JobStore;
  readonly reports: ReportStore;
  readonly drafts: DraftStore;
  readonly actions: Actions;
  readonly door: Door;
  readonly denied: AttemptParts['denied'];
  readonly launcher: Launcher;
  readonly processes: Pick<Processes, 'ref'>;
  readonly beat: Pick<BeatState, 'progress' | 'inflight'>;
  readonly log: Log;
  readonly reportsDir: string;
  readonly scratchDir: string;
  /** Paths that no grant may hold: the state folder and files with secrets. */
  readonly protect: readonly string[];
  /** More arguments to Node for each child: a test's clock. */
  readonly childArgv: readonly string[];
  /** The entry file of an agent. @throws NightshiftError `entry-missing` */
  readonly entryOf: (agent: AgentSettings) => string;
}

/**
 * Works on one attempt: the child, its capabilities, its end, and what becomes of the job. Never
 * rejects: whatever goes wrong with an attempt is an outcome of that attempt.
 */
export async function runAttempt(parts: AttemptRunnerParts, running: Running): Promise<void> {
  const { job, fence } = running;
  const log = parts.log.child({ job: job.id, attempt: fence.attempt, agent: job.agent });
  const agent = parts.settings.agents.find(({ name }) => name === job.agent);
  const execution = isExecution(job.agent);
  const maxMs = execution ? ACTION_MAX_MS : (agent?.timeoutMs ?? 0);
  const landed = parts.beat.inflight('job', parts.clock.now() + maxMs);
  try {
    log.info('attempt-started', `attempt ${fence.attempt} of ${job.key}`);
    const settlement = execution
      ? await runAction({ ...parts, definitions: parts.settings.actions }, running)
      : agent === undefined
        ? agentGone(job.agent)
        : await attempt(parts, running, agent, log);
    const accepted = await parts.jobs.settle(fence, settlement);
    const event = accepted ? `attempt-${settlement.kind}` : 'attempt-fenced-off';
    log.info(event, sentence(settlement, accepted), { settlement });
  } catch (error) {
    // The database would not take the outcome, or the child outlived its kill. The lease runs out,
    // and the job is taken back.
    log.error('attempt-unsettled', errorFacts(error).message, { code: errorFacts(error).code });
  } finally {
    landed();
  }
}

async function attempt(
  parts: AttemptRunnerParts,
  running: Running,
  agent: AgentSettings,
  log: Log,
): Promise<Settlement> {
  const capabilities = capabilitiesOf(parts, running, agent, log);
  const outcome = await outcomeOf(parts, running, agent, capabilities, log);
  if (capabilities.filed !== null && outcome.kind === 'done') {
    await writeReport(parts, capabilities, log);
  }
  return settlementOf({
    outcome: ended(outcome, running),
    refusal: capabilities.refusal,
    attempts: running.job.attempts,
    now: parts.clock.now(),
  });
}

/** A child that finished before it was ended has finished: its report is filed, its work is done. */
function ended(outcome: ChildOutcome, { abortReason }: Running): ChildOutcome {
  if (abortReason === null || outcome.kind === 'done') return outcome;
  return { kind: 'aborted', reason: abortReason };
}

/** Runs the child. A child that cannot be started is a failed attempt, retried like any other. */
async function outcomeOf(
  parts: AttemptRunnerParts,
  running: Running,
  agent: AgentSettings,
  capabilities: AttemptCapabilities,
  log: Log,
): Promise<ChildOutcome> {
  const { job, fence } = running;
  const { clock, jobs, processes } = parts;
  try {
    const previous = await parts.reports.previous(job.agent);
    return await runChild({
      launcher: parts.launcher,
      entryFile: parts.entryOf(agent),
      job: {
        id: job.id,
        agent: job.agent,
        attempt: fence.attempt,
        scheduledFor: job.slot,
        deadline: clock.now() + agent.timeoutMs,
      },
      previous: previous === null ? null : { at: previous.createdAt, data: previous.data },
      input: job.input,
      models: childModels(parts.settings, agent),
      grants: { read: agent.allow.read, git: agent.allow.git, protect: parts.protect },
      cwd: parts.settings.dir,
      memoryMb: agent.memoryMb,
      capabilities,
      signal: running.signal,
      limits: { abortGraceMs: parts.settings.times.drainMs * CHILD_GRACE },
      clock,
      identify: (pid) => processes.ref(pid),
      onStarted: async (ref) => {
        if (await jobs.childStarted(fence, ref)) return;
        throw new NightshiftError('lease-lost', 'the job was taken by somebody else');
      },
      onOutput: (stream, line) => log.info('agent-output', line, { stream }),
      scratchRoot: parts.scratchDir,
      extraExecArgv: parts.childArgv,
    });
  } catch (error) {
    const { code, message } = errorFacts(error);
    // It may still act. The lease runs out, and whoever takes the job proves it dead first.
    if (code === 'child-survived') throw error;
    log.error('child-not-run', message, { code });
    return { kind: 'failed', error: { code, message } };
  }
}

function capabilitiesOf(
  parts: AttemptRunnerParts,
  running: Running,
  agent: AgentSettings,
  log: Log,
): AttemptCapabilities {
  const { job, fence } = running;
  const principal: Principal = {
    job: job.id,
    attempt: fence.attempt,
    agent: job.agent,
    instance: parts.instance,
    leaseToken: fence.token,
  };
  return new AttemptCapabilities({
    fence,
    principal,
    jobs: parts.jobs,
    reports: parts.reports,
    drafts: parts.drafts,
    drafting: {
      agent: agent.name,
      allowed: agent.allow.actions,
      definitions: parts.settings.actions,
      actions: parts.actions,
      clock: parts.clock,
    },
    door: parts.door,
    denied: parts.denied,
    moved: () => parts.beat.progress(),
    log: (level, message, fields) => log[level]('agent-log', message, { fields }),
  });
}

/** The models this agent may ask for, without anything that opens a door: names and addresses. */
function childModels(settings: Settings, agent: AgentSettings): Record<string, ChildModel> {
  const models: Record<string, ChildModel> = {};
  for (const alias of agent.allow.models) {
    const model = settings.models[alias];
    if (model === undefined) continue;
    if (model.kind === 'extractive') {
      models[alias] = { kind: 'extractive' };
      continue;
    }
    const endpoint = settings.endpoints.find(({ name }) => name === model.endpoint);
    if (endpoint === undefined) continue;
    const { protocol, baseUrl } = endpoint;
    models[alias] = { kind: 'endpoint', protocol, baseUrl, model: model.model };
  }
  return models;
}

/** The files are for people; the report itself is in the database, so a full disk here is not fatal. */
async function writeReport(
  parts: AttemptRunnerParts,
  capabilities: AttemptCapabilities,
  log: Log,
): Promise<void> {
  try {
    const { filed } = capabilities;
    if (filed === null) return;
    const file = await writeReportFiles(parts.reportsDir, filed);
    log.info('report-written', filed.title, { file });
  } catch (error) {
    log.warn('report-not-written', errorFacts(error).message);
  }
}

function agentGone(name: string): Settlement {
  return {
    kind: 'dead',
    error: {
      code: 'agent-unknown',
      message: `the configuration has no agent ${JSON.stringify(name)} any more`,
    },
  };
}

function sentence(settlement: Settlement, accepted: boolean): string {
  if (!accepted) return 'the job belongs to somebody else now: nothing was changed';
  switch (settlement.kind) {
    case 'done':
      return 'done';
    case 'cancelled':
      return settlement.message;
    case 'failed':
    case 'dead':
      return settlement.error.message;
    case 'returned':
      return `given back: ${settlement.reason}`;
  }
}
