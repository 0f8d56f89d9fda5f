import { textHash } from '@nightshift/store';
import {
  type Draft,
  type DraftDecision,
  type DraftState,
  EXIT,
  NightshiftError,
  canonicalJson,
} from '@nightshift/domain';
import { type Installation, notFound } from './installation.ts';

/** A draft and what its approval would do, in the words of the configuration of now. */
export interface DraftView {
  readonly draft: Draft;
  /** Exactly what will happen: one sentence, then the bytes. */
  readonly effect: string;
  readonly body: string;
  /** Why an approval would be refused, or null. */
  readonly obstacle: string | null;
}

/** Drafts, newest first. */
export async function listDrafts(
  installation: Installation,
  filter: { readonly state?: DraftState; readonly agent?: string; readonly limit: number },
): Promise<readonly Draft[]> {
  return (await installation.store()).drafts.list(filter);
}

/** @throws NightshiftError `not-found` (1). */
export async function showDraft(installation: Installation, id: string): Promise<DraftView> {
  const { drafts } = await installation.store();
  const draft = await drafts.get(id);
  if (draft === null) throw unknown(id);
  return { draft, ...effectOf(draft), obstacle: await obstacleTo(installation, draft) };
}

/**
 * Approves exactly what {@link showDraft} shows: a worker executes it, once.
 *
 * @throws NightshiftError `not-found` (1); `draft-decided`, `draft-expired`, `draft-changed` (69).
 */
export async function approveDraft(installation: Installation, id: string): Promise<DraftView> {
  const { drafts } = await installation.store();
  const draft = await drafts.get(id);
  if (draft === null) throw unknown(id);
  const definitionHash = await definitionNow(installation, draft);
  const seen = { argsHash: textHash(draft.args), definitionHash: definitionHash ?? '' };
  const decided = outcome(await drafts.approve(id, seen, installation.actor), id);
  return { draft: decided, ...effectOf(decided), obstacle: null };
}

/**
 * Rejects a draft; also one that was approved, as long as its execution has not begun.
 *
 * @throws NightshiftError `not-found` (1); `draft-decided`, `draft-expired` (69).
 */
export async function rejectDraft(
  installation: Installation,
  request: { readonly id: string; readonly reason: string },
): Promise<Draft> {
  const { drafts } = await installation.store();
  const { id, reason } = request;
  return outcome(await drafts.reject(id, reason, installation.actor), id);
}

/** What will happen, from the row alone: the same words whoever looks, and without a secret. */
function effectOf({ target, args, action }: Draft): Pick<DraftView, 'effect' | 'body'> {
  if (!target.startsWith('append')) {
    const bytes = Buffer.byteLength(args);
    return { effect: `${action}: ${target}, once, these ${bytes} bytes of JSON`, body: args };
  }
  const { text } = JSON.parse(args) as { text: string };
  const bytes = Buffer.byteLength(text);
  return { effect: `${action}: ${target}, once, these ${bytes} bytes`, body: text };
}

async function obstacleTo(installation: Installation, draft: Draft): Promise<string | null> {
  if (draft.state !== 'pending') return `it is ${draft.state}`;
  const now = await definitionNow(installation, draft);
  if (now === null) return `the configuration has no action ${draft.action} any more`;
  return now === draft.definitionHash ? null : 'the action was defined anew since';
}

/** Hash of the action's definition in the configuration of now; null when it is gone. */
async function definitionNow(installation: Installation, draft: Draft): Promise<string | null> {
  const { actions } = await installation.settings();
  const action = Object.hasOwn(actions, draft.action) ? actions[draft.action] : undefined;
  return action === undefined ? null : textHash(canonicalJson(action));
}

function outcome(decision: DraftDecision, id: string): Draft {
  switch (decision.kind) {
    case 'decided':
      return decision.draft;
    case 'not-found':
      throw unknown(id);
    case 'too-late':
      throw refused('draft-decided', id, `the draft is ${decision.draft.state} already`);
    case 'expired':
      throw refused('draft-expired', id, 'nobody decided in time: the draft has expired');
    case 'changed':
      throw refused(
        'draft-changed',
        id,
        'the arguments or the action changed since it was drafted',
      );
  }
}

function refused(code: string, id: string, message: string): NightshiftError {
  return new NightshiftError(code, message, {
    at: id,
    fix: `nightshift drafts show ${id} tells what it is`,
    exitCode: EXIT.refused,
  });
}

function unknown(id: string): NightshiftError {
  return notFound('draft', id, 'nightshift drafts list shows the ids');
}
