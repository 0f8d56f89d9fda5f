/**
 * What is wrong, who is told, and until they are.
 *
 * Rules are pure functions over the facts of one tick and what the watchdog observed before
 * (`rule.ts`, one file each in `rules/`); `evaluate` runs them. `transition` turns findings into
 * incidents with a beginning, reminders and an end, and says what a person has to hear. Each notice
 * becomes one row a channel, written in the same transaction as the incident, and `Outbox` delivers
 * the rows: at least once, with a receipt, waiting where a receiver says wait. A channel
 * (`channel.ts`, one file each in `channels/`) tries once and reports; it never retries.
 *
 * The package has no dependency but the domain: it runs in the watchdog, which has to stay small.
 */
export { failed } from './channel.ts';
export type { Channel, SendFailure, SendResult } from './channel.ts';
export { openChannel } from './channels.ts';
export type { SecretReader } from './channels.ts';
export { discordChannel } from './channels/discord.ts';
export type { DiscordOptions } from './channels/discord.ts';
export { ntfyChannel } from './channels/ntfy.ts';
export type { NtfyOptions } from './channels/ntfy.ts';
export { signature, webhookChannel } from './channels/webhook.ts';
export type { WebhookOptions } from './channels/webhook.ts';
export { ACTED, conditionOf, CONDITIONS, PARENTS, RULES, WATCHDOG_SILENT } from './conditions.ts';
export { deliveriesFor, messageDeliveries, reportDeliveries, testDelivery } from './delivery.ts';
export { evaluate, watchdogError } from './evaluate.ts';
export type { Verdict } from './evaluate.ts';
export { nextReminder, transition } from './incident.ts';
export type { Notice, Transition } from './incident.ts';
export { delayed, digestMessage, duration, incidentMessage, reportMessage } from './message.ts';
export { isHalted, isMissing, NOTHING_OBSERVED, observe, RESIDENT } from './observation.ts';
export type { Moment, Observation, Watched } from './observation.ts';
export { Outbox } from './outbox.ts';
export type { OutboxOptions } from './outbox.ts';
export { post } from './post.ts';
export type { Post, PostAnswer, PostRequest } from './post.ts';
export { isUnavailable } from './rule.ts';
export type { Condition, Memory, Rule, Sight } from './rule.ts';
export { deadRows } from './rules/dead-letter.ts';
export { overdueDrills } from './rules/drill-overdue.ts';
export { afterTelling, askSince, parseSeen, seenSince, seenText, unseen } from './seen.ts';
export type { Seen, SeenRow } from './seen.ts';
