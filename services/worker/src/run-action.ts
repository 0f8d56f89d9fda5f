import type { Act, Actions } from '@nightshift/broker';
import {
  type ActionSettings,
  type Clock,
  type Draft,
  type DraftStart,
  type DraftStore,
  JOB_BACKOFF,
  type Json,
  NightshiftError,
  RefusedError,
  type Settlement,
  backoffMs,
  errorFacts,
} from '@nightshift/domain';
import { textHash } from '@nightshift/store';
import { definitionHash } from './drafting.ts';
import type { Running } from './running.ts';
import { settlementOf, settlementOfRefusal } from './settlement.ts';

/** Longest time from claim to end, for the beat; one request has 30 s and everything else is short. */
export const ACTION_MAX_MS = 60_000;

export interface ActionRunnerParts {
  readonly drafts: DraftStore;
  readonly actions: Pick<Actions, 'target' | 'prepare'>;
  readonly definitions: Readonly<Record<string, ActionSettings>>;
  readonly clock: Clock;
}

/**
 * Executes one approved draft: look at everything that can be looked at, commit the intent, act
 * once, tell the end. What fails before the intent may be tried again; what comes after never is.
 */
export async function runAction(parts: ActionRunnerParts, running: Running): Promise<Settlement> {
  const draft = await parts.drafts.get(draftIdOf(running.job.input));
  if (draft === null || draft.execution !== running.job.id) {
    return dead('draft-unknown', 'no draft was approved for this job');
  }
  if (draft.state !== 'approved') return overAlready(parts, running, draft);
  const ready = await makeReady(parts, running, draft);
  if ('settlement' in ready) return ready.settlement;
  const { argsHash } = draft;
  const seen = { ...ready.seen, argsHash };
  const start = await parts.drafts.begin(running.fence, draft.id, seen);
  if (start !== 'begun') return notBegun(start);
  const ended = await ready.act(running.signal);
  await parts.drafts.end(running.fence, draft.id, ended);
  return ended.happened === 'yes'
    ? { kind: 'done' }
    : dead(ended.happened === 'no' ? 'action-failed' : 'action-unknown', ended.result);
}

/** An earlier attempt got further than this one knows: it is never done again. */
async function overAlready(
  parts: ActionRunnerParts,
  running: Running,
  draft: Draft,
): Promise<Settlement> {
  if (draft.state === 'executing') {
    const { argsHash, definitionHash: definition, targetHash } = draft;
    const seen = { argsHash, definitionHash: definition, targetHash };
    const start = await parts.drafts.begin(running.fence, draft.id, seen);
    return notBegun(start === 'begun' ? 'begun-before' : start);
  }
  if (draft.state === 'done') return { kind: 'done' };
  if (draft.state === 'rejected') return { kind: 'cancelled', message: 'the draft was rejected' };
  return dead(`draft-${draft.state}`, draft.result ?? `the draft is ${draft.state}`);
}

type Ready =
  | { readonly settlement: Settlement }
  | { readonly act: Act; readonly seen: { definitionHash: string; targetHash: string } };

/** Nothing has happened yet when this gives a settlement. */
async function makeReady(parts: ActionRunnerParts, running: Running, draft: Draft): Promise<Ready> {
  const { definitions, actions, clock, drafts } = parts;
  const give = async (settlement: Settlement): Promise<Ready> => {
    if (settlement.kind === 'dead') {
      await drafts.drop(running.fence, draft.id, `not executed: ${settlement.error.message}`);
    }
    return { settlement };
  };
  try {
    const action = Object.hasOwn(definitions, draft.action) ? definitions[draft.action] : undefined;
    if (action === undefined) throw gone(draft.action);
    const act = await actions.prepare(action, draft.args, running.signal);
    const targetHash = textHash(actions.target(action).exact);
    return { act, seen: { definitionHash: definitionHash(action), targetHash } };
  } catch (error) {
    const { abortReason: reason, job } = running;
    if (reason !== null) {
      const facts = { refusal: null, attempts: job.attempts, now: clock.now() };
      return { settlement: settlementOf({ outcome: { kind: 'aborted', reason }, ...facts }) };
    }
    if (error instanceof RefusedError) {
      return give(settlementOfRefusal(error.refusal, clock.now()));
    }
    const { code, message } = errorFacts(error);
    const retryable = error instanceof NightshiftError && error.retryable;
    if (!retryable) return give(dead(code, message));
    const runAfter = clock.now() + backoffMs(JOB_BACKOFF, job.attempts);
    return give({ kind: 'failed', outcome: 'failed', error: { code, message }, runAfter });
  }
}

function notBegun(start: Exclude<DraftStart, 'begun'>): Settlement {
  switch (start) {
    case 'halted':
    case 'lease-lost':
      return { kind: 'returned', reason: start };
    case 'begun-before':
      return dead('action-unknown', 'it was begun before, and nobody saw whether it happened');
    case 'changed':
      return dead('draft-changed', 'the arguments, the action or its target changed since');
    case 'expired':
      return dead('draft-expired', 'the approval is too old: it has to be given again');
    case 'not-approved':
      return dead('draft-not-approved', 'the draft is not approved any more');
  }
}

function dead(code: string, message: string): Settlement {
  return { kind: 'dead', error: { code, message } };
}

function gone(name: string): NightshiftError {
  return new NightshiftError('action-gone', `the configuration has no action ${name} any more`);
}

function draftIdOf(input: Json): string {
  const { draft } = Object(input) as { draft?: unknown };
  return typeof draft === 'string' ? draft : '';
}
