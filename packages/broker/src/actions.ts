import {
  NightshiftError,
  type ActionEnd,
  type ActionSettings,
  type Clock,
  type EndpointSettings,
  type SecretRef,
} from '@nightshift/domain';
import { appendable, textOfArgs } from './actions/append-file.ts';
import { prepareWebhook } from './actions/webhook-post.ts';
import type { Address, Resolve } from './egress/addresses.ts';
import type { EgressLimits } from './egress/limits.ts';
import type { StopFile } from './stop-file.ts';

/** What executing an action needs. */
export interface ActionOptions {
  readonly endpoints: readonly EndpointSettings[];
  readonly stopFile: StopFile;
  readonly secret: (ref: SecretRef) => string | null;
  readonly clock: Clock;
  readonly userAgent: string;
  /** Folders in which no file is appended to: those of the state. */
  readonly protect: readonly string[];
  readonly egress?: Partial<EgressLimits>;
  readonly resolve?: Resolve;
  readonly isPublic?: (address: Address) => boolean;
}

/** What an action would touch. `exact` may hold a secret; `text` never does. */
export interface ActionTarget {
  readonly text: string;
  readonly exact: string;
}

/** The act itself. Runs once; never rejects: how it ended is a value. */
export type Act = (signal: AbortSignal) => Promise<ActionEnd>;

/**
 * The actions an operator may declare. They pass the same door as requests: the STOP file, no host
 * that serves models, and a connection to nothing but a vetted address.
 */
export interface Actions {
  /** @throws NightshiftError `secret-missing`, `bad-action-url`. */
  target(action: ActionSettings): ActionTarget;
  /** @throws NightshiftError `bad-action-args` when the action cannot take these arguments. */
  checkArgs(action: ActionSettings, args: string): void;
  /**
   * Everything that can be looked at before the act. Nothing has happened when this rejects.
   * @throws RefusedError `halted`, `host-denied`; NightshiftError.
   */
  prepare(action: ActionSettings, args: string, signal: AbortSignal): Promise<Act>;
}

export function createActions(options: ActionOptions): Actions {
  return {
    target: (action) => targetOf(action, options),
    checkArgs: (action, args) => {
      if (action.kind === 'append-file') textOfArgs(args);
    },
    prepare: async (action, args, signal) => {
      if (action.kind === 'append-file') return appendable(action.path, textOfArgs(args), options);
      return prepareWebhook(targetOf(action, options).exact, args, options, signal);
    },
  };
}

function targetOf(action: ActionSettings, { secret }: ActionOptions): ActionTarget {
  if (action.kind === 'append-file') {
    return { text: `append to ${action.path}`, exact: action.path };
  }
  const { url } = action;
  if (typeof url === 'string') return { text: `POST to ${url}`, exact: url };
  const value = secret(url);
  if (value === null) {
    throw new NightshiftError('secret-missing', `secret ${url.env} is not set`, { at: url.env });
  }
  const parsed = URL.parse(value);
  if (parsed === null) {
    const message = `the value of ${url.env} is not a URL`;
    throw new NightshiftError('bad-action-url', message, { at: url.env });
  }
  return { text: `POST to ${parsed.origin}/… (the URL in ${url.env})`, exact: value };
}
