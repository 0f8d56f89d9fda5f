import type { Actions } from '@nightshift/broker';
import {
  type ActionSettings,
  type Clock,
  DRAFT_ARGS_MAX_BYTES,
  type Json,
  type NewDraft,
  NightshiftError,
  RefusedError,
  canonicalJson,
  sanitiseLine,
} from '@nightshift/domain';
import { textHash } from '@nightshift/store';

/** What one agent may draft. */
export interface Drafting {
  readonly agent: string;
  /** Names in its `allow.actions`. */
  readonly allowed: readonly string[];
  readonly definitions: Readonly<Record<string, ActionSettings>>;
  readonly actions: Pick<Actions, 'target' | 'checkArgs'>;
  readonly clock: Clock;
}

/**
 * A draft with everything a person will be shown fixed and hashed.
 * @throws RefusedError `request-denied` for an action this agent was not given; NightshiftError
 * `not-json`, `draft-too-large`, `bad-action-args`, `secret-missing`.
 */
export function newDraft(drafting: Drafting, name: string, args: Json): NewDraft {
  const action = granted(drafting, name);
  const text = canonicalJson(args);
  const bytes = Buffer.byteLength(text);
  if (bytes > DRAFT_ARGS_MAX_BYTES) {
    const message = `the arguments have ${bytes} bytes; ${DRAFT_ARGS_MAX_BYTES} are allowed`;
    throw new NightshiftError('draft-too-large', message, { at: name });
  }
  drafting.actions.checkArgs(action, text);
  const target = drafting.actions.target(action);
  return {
    action: name,
    args: text,
    argsHash: textHash(text),
    definitionHash: definitionHash(action),
    target: target.text,
    targetHash: textHash(target.exact),
    expiresAt: drafting.clock.now() + action.expiresMs,
  };
}

/** Hash of what the configuration says an action is. */
export function definitionHash(action: ActionSettings): string {
  return textHash(canonicalJson(action));
}

function granted({ agent, allowed, definitions }: Drafting, name: string): ActionSettings {
  const action = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (action !== undefined && allowed.includes(name)) return action;
  const message = `${agent} may not draft ${sanitiseLine(JSON.stringify(name))}`;
  throw new RefusedError({ reason: 'request-denied', message });
}
