import type { Message } from '@nightshift/domain';

/** Why a message was not accepted. Never holds the channel's secrets. */
export interface SendFailure {
  /** Stable kebab-case: `network`, `rate-limited`, `quota`, `refused`, `unknown-target`, … */
  readonly code: string;
  readonly message: string;
  /** True when the same message will never be accepted there. */
  readonly permanent: boolean;
  /** True when no message will be: the target is gone, the credentials are wrong. */
  readonly channelBroken: boolean;
  /** Not before this many ms from now, where the receiver said so. */
  readonly retryAfterMs: number | null;
  /** Nothing at all before this moment, epoch ms: a quota is used up. */
  readonly parkUntil: number | null;
}

export type SendResult =
  /** Taken, and the receiver's own id proves it. */
  | { readonly ok: true; readonly receipt: string }
  | { readonly ok: false; readonly failure: SendFailure };

/** A way to reach a person. `send` tries once and never throws for what the other end does. */
export interface Channel {
  readonly name: string;
  readonly kind: string;
  send(message: Message): Promise<SendResult>;
}

/** A failure; what is left out is "may be tried again at any time". */
export function failed(
  code: string,
  message: string,
  facts: Partial<SendFailure> = {},
): SendResult {
  const failure: SendFailure = {
    permanent: facts.channelBroken ?? false,
    channelBroken: false,
    retryAfterMs: null,
    parkUntil: null,
    ...facts,
    code,
    message,
  };
  return { ok: false, failure };
}
