import type { ActionInput, Duration, EnvRef } from './settings-input.ts';

/**
 * POSTs the arguments of an approved draft, as canonical JSON, to one URL, once. A redirect is not
 * followed. The same rules hold as for every other request: no private address unless the URL names
 * it outright, no host that serves models. A draft expires after 72 hours unless told otherwise.
 */
export function webhookPost(options: {
  readonly url: EnvRef | string;
  readonly expires?: Duration;
}): ActionInput {
  return { kind: 'webhook-post', ...options };
}

/** Appends the text of an approved draft, `{ text }`, as it is, to one file, which is made if need be. */
export function appendFile(options: {
  readonly path: string;
  readonly expires?: Duration;
}): ActionInput {
  return { kind: 'append-file', ...options };
}
