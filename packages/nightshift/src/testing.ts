import { randomUUID } from 'node:crypto';
import type { Json, LogLevel, Progress, ReportDraft } from '@nightshift/domain';
import { systemClock } from '@nightshift/domain';
import type { AgentContext, AgentDefinition, AgentModel, PreviousReport } from './agent.ts';
import { AgentError, checkReport, Steps, toJson } from './runtime/index.ts';

/**
 * `nightshift/testing`: runs an agent in the test's own process, without a database, a sandbox or a
 * network. The rules of steps and reports are the real ones; requests and models are the test's.
 */

/** What the agent meets. Everything may be left out. */
export interface TestAgentOptions {
  readonly input?: unknown;
  /** Answers `ctx.fetch`; without it every request is an error. */
  readonly fetch?: typeof globalThis.fetch;
  /** Any model of the AI SDK, for every alias, or one by alias; without it `ctx.model` is an error. */
  readonly model?: AgentModel | ((alias: string) => AgentModel);
  readonly previous?: PreviousReport | null;
  /** Results of steps that an earlier attempt completed. */
  readonly steps?: Readonly<Record<string, Json>>;
  readonly attempt?: number;
  readonly signal?: AbortSignal;
}

/** What the agent did. */
export interface TestRun {
  readonly reports: readonly ReportDraft[];
  readonly drafts: readonly { readonly action: string; readonly args: Json }[];
  readonly progress: readonly Progress[];
  readonly logs: readonly {
    readonly level: LogLevel;
    readonly message: string;
    readonly fields: { readonly [key: string]: Json };
  }[];
  /** Every completed step with its result, those given included. */
  readonly steps: Readonly<Record<string, Json>>;
}

/** A job of a test ends within this time, as far as `ctx.job.deadline` says; nothing enforces it. */
const DEADLINE_MS = 600_000;
/** As a configured action does by default. */
const DRAFT_EXPIRES_MS = 72 * 3_600_000;

/**
 * Runs `agent` once and returns what it did.
 *
 * @throws what the agent throws, and AgentError for a broken rule (`step-duplicate`, `not-json`, …)
 */
export async function testAgent<T>(
  agent: AgentDefinition<T>,
  options: TestAgentOptions = {},
): Promise<TestRun> {
  const done = {
    reports: [] as ReportDraft[],
    drafts: [] as TestRun['drafts'][number][],
    progress: [] as Progress[],
    logs: [] as TestRun['logs'][number][],
    steps: { ...options.steps } as Record<string, Json>,
  };
  const given = options.input ?? null;
  const input = agent.input === null ? (given as T) : agent.input.parse(given);
  await agent.run(testContext(done, options), input);
  return done;
}

interface Done {
  readonly reports: ReportDraft[];
  readonly drafts: TestRun['drafts'][number][];
  readonly progress: Progress[];
  readonly logs: TestRun['logs'][number][];
  readonly steps: Record<string, Json>;
}

function testContext(done: Done, options: TestAgentOptions): AgentContext {
  const steps = new Steps({
    stepResult: async (name) =>
      Object.hasOwn(done.steps, name)
        ? { found: true, result: done.steps[name]! }
        : { found: false },
    completeStep: async (name, result) => void (done.steps[name] = result),
  });
  const log =
    (level: LogLevel) =>
    (message: string, fields: { readonly [key: string]: Json } = {}): void =>
      void done.logs.push({ level, message, fields });
  return {
    job: {
      id: randomUUID(),
      agent: 'test',
      attempt: options.attempt ?? 1,
      scheduledFor: null,
      deadline: new Date(systemClock.now() + DEADLINE_MS),
    },
    previous: options.previous ?? null,
    signal: options.signal ?? new AbortController().signal,
    step: (name, fn) => steps.run(name, fn),
    model: (alias = 'default') => testModel(alias, options.model),
    fetch: options.fetch ?? noFetch,
    report: async (report) => {
      if (done.reports.length > 0) throw new AgentError('report-twice', 'a job files one report');
      done.reports.push(checkReport(report));
    },
    draft: async (action, args) => {
      done.drafts.push({ action, args: toJson(args, 'the arguments of a draft') });
      const expiresAt = new Date(systemClock.now() + DRAFT_EXPIRES_MS);
      return { id: `draft-${done.drafts.length}`, expiresAt };
    },
    progress: (count, total, note = '') => void done.progress.push({ done: count, total, note }),
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  };
}

function testModel(alias: string, model: TestAgentOptions['model']): AgentModel {
  if (typeof model === 'function') return model(alias);
  if (model !== undefined) return model;
  throw new AgentError('model-unknown', `testAgent was given no model for "${alias}"`);
}

const noFetch: typeof globalThis.fetch = async (input) => {
  const url = input instanceof Request ? input.url : input.toString();
  throw new AgentError('no-fetch', `testAgent was given no fetch for ${url}`);
};
