import type { ChannelInput, EnvRef } from './settings-input.ts';

/**
 * Alerts through ntfy; `server` is https://ntfy.sh unless given. The topic is a secret by nature.
 */
export function ntfy(options: {
  readonly topic: EnvRef | string;
  readonly server?: string;
  readonly token?: EnvRef;
  readonly name?: string;
}): ChannelInput {
  return { kind: 'ntfy', ...options };
}

/** Alerts through a Discord webhook. */
export function discord(options: {
  readonly webhook: EnvRef | string;
  readonly name?: string;
}): ChannelInput {
  return { kind: 'discord', ...options };
}

/**
 * Alerts as JSON to a URL of your own, signed with `secret` as Standard Webhooks are, so that the
 * receiver can tell who sent it and when.
 */
export function webhook(options: {
  readonly url: EnvRef | string;
  readonly secret?: EnvRef;
  readonly name?: string;
}): ChannelInput {
  return { kind: 'webhook', ...options };
}
