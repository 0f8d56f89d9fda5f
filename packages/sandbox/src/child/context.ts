import type { DraftReceipt } from '@nightshift/domain';
import type { AgentContext, AgentReport } from 'nightshift';
import type { Start } from '../channel/protocol.ts';
import type { Client } from './client.ts';
import { AgentError, checkReport, Steps, type StepStore, toJson } from 'nightshift/runtime';
import { makeFetch } from './fetch.ts';
import { makeModel } from './model.ts';
import { Output } from './output.ts';

export interface ChildContext {
  readonly ctx: AgentContext;
  /** Resolves when nothing that was said is still on its way. */
  readonly flush: () => Promise<void>;
}

/** Builds the context an agent sees; each method ends in a call on the channel. */
export function makeContext(client: Client, start: Start, signal: AbortSignal): ChildContext {
  const steps = new Steps(stepStore(client));
  const output = new Output(client);
  const fetch = makeFetch(client, steps);
  const ctx: AgentContext = {
    job: {
      ...start.job,
      scheduledFor: start.job.scheduledFor === null ? null : new Date(start.job.scheduledFor),
      deadline: new Date(start.job.deadline),
    },
    previous: start.previous && { at: new Date(start.previous.at), data: start.previous.data },
    signal,
    step: (name, fn) => steps.run(name, fn),
    model: (alias = 'default') => makeModel(alias, start.models, fetch),
    fetch,
    report: makeReport(client),
    draft: makeDraft(client),
    progress: (done, total, note) => output.progress(done, total, note),
    log: output.log,
  };
  const flush = async (): Promise<void> => {
    await output.flush();
    await client.settled();
  };
  return { ctx, flush };
}

function makeReport(client: Client): AgentContext['report'] {
  let reported = false;
  return async (report: AgentReport) => {
    if (reported) throw new AgentError('report-twice', 'a job files one report');
    const params = checkReport(report);
    reported = true;
    try {
      await client.control({ method: 'report', params });
    } catch (error) {
      reported = false;
      throw error;
    }
  };
}

function makeDraft(client: Client): AgentContext['draft'] {
  return async (action, given) => {
    const params = { action, args: toJson(given, 'the arguments of a draft') };
    const filed = (await client.control({ method: 'draft', params })) as DraftReceipt;
    return { id: filed.id, expiresAt: new Date(filed.expiresAt) };
  };
}

function stepStore(client: Client): StepStore {
  return {
    stepResult: async (name) => {
      const found = await client.control({ method: 'stepResult', params: { name } });
      return found as Awaited<ReturnType<StepStore['stepResult']>>;
    },
    completeStep: (name, result) =>
      client.control({ method: 'completeStep', params: { name, result } }),
  };
}
