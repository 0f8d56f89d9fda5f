import type { ActionEnd, Draft, DraftState } from '../draft.ts';
import type { Actor, Fence } from './job-store.ts';

/** A draft before it has an id. The worker made and checked every field. */
export type NewDraft = Pick<
  Draft,
  'action' | 'args' | 'argsHash' | 'definitionHash' | 'target' | 'targetHash' | 'expiresAt'
>;

/** What a person or a worker saw, compared with what is there. */
export type DraftSeen = Pick<Draft, 'argsHash' | 'definitionHash'>;

/** What became of a person's word. `changed`: not what it was when it was drafted. */
export type DraftDecision =
  | { readonly kind: 'decided'; readonly draft: Draft }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'too-late'; readonly draft: Draft }
  | { readonly kind: 'expired'; readonly draft: Draft }
  | { readonly kind: 'changed'; readonly draft: Draft };

/** Whether an approved draft may be executed, now and by this attempt. */
export type DraftStart =
  | 'begun'
  | 'lease-lost'
  | 'halted'
  /** It was begun before, and nobody saw its end: it is `failed` now. */
  | 'begun-before'
  | 'expired'
  | 'changed'
  | 'not-approved';

/** Drafts of actions. Every operation is a whole transaction with its event. */
/** Drafts that wait for a person. `oldestAt` is null when there are none. */
export interface DraftsWaiting {
  readonly waiting: number;
  readonly oldestAt: number | null;
}

export interface DraftStore {
  /**
   * Files a draft. The same action with the same arguments in the same job is the same draft, so
   * that a retry asks for nothing twice. Null when the lease is gone.
   * @throws NightshiftError `drafts-too-many` when {@link DRAFTS_PENDING_MAX} of the agent wait.
   */
  file(fence: Fence, draft: NewDraft): Promise<Draft | null>;
  get(id: string): Promise<Draft | null>;
  /** Newest first. A pending draft whose time is over reads as expired. */
  list(filter: {
    readonly state?: DraftState;
    readonly agent?: string;
    readonly limit: number;
  }): Promise<readonly Draft[]>;
  /** How many wait for a person, and since when the oldest does. */
  waiting(): Promise<DraftsWaiting>;
  /** `pending -> approved`, with the job that will execute it. */
  approve(id: string, seen: DraftSeen, actor: Actor): Promise<DraftDecision>;
  /** `pending | approved -> rejected`. */
  reject(id: string, reason: string, actor: Actor): Promise<DraftDecision>;
  /**
   * The intent, committed before the act: `approved -> executing`, if the job is the one that the
   * approval made, nothing is halted, and arguments, definition and target are those of the draft.
   */
  begin(fence: Fence, id: string, seen: DraftSeen & Pick<Draft, 'targetHash'>): Promise<DraftStart>;
  /** Ends an execution this attempt began. An end that was taken for unknown is corrected. */
  end(fence: Fence, id: string, end: ActionEnd): Promise<boolean>;
  /** Ends an approved draft that cannot be executed: nothing has happened. */
  drop(fence: Fence, id: string, why: string): Promise<boolean>;
  /** Expires what waited too long; executions whose job is over are `failed`. @returns how many. */
  tidy(): Promise<number>;
}
