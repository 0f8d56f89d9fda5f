import { uuidv7, type Clock, type Delivery, type Message, type Report } from '@nightshift/domain';
import type { Notice } from './incident.ts';
import { incidentMessage, reportMessage } from './message.ts';

/** Rule of the incident that says a channel is broken; its key names the channel. */
export const CHANNEL_BROKEN = 'channel-broken';

/** One row a channel for each notice, to be written with the incidents themselves. */
export function deliveriesFor(
  notices: readonly Notice[],
  channels: readonly string[],
  clock: Clock,
): Delivery[] {
  return notices.flatMap((notice) =>
    audience(notice, channels).map((channel) =>
      row(notice.incident.id, channel, notice.kind, incidentMessage(notice), clock),
    ),
  );
}

/** Rows for reports. They are news, not trouble: there is no incident behind them. */
export function reportDeliveries(
  reports: readonly Report[],
  channels: readonly string[],
  clock: Clock,
): Delivery[] {
  return reports.flatMap((report) =>
    channels.map((channel) => row(report.id, channel, 'report', reportMessage(report), clock)),
  );
}

/** Rows for news that have neither a report nor an incident behind them: the daily summary. */
export function messageDeliveries(
  message: Message,
  channels: readonly string[],
  clock: Clock,
): Delivery[] {
  return channels.map((channel) => row(message.ref, channel, 'report', message, clock));
}

/** A row that proves a channel from end to end: `nightshift alerts test`. */
export function testDelivery(channel: string, message: Message, clock: Clock): Delivery {
  return row(message.ref, channel, 'test', message, clock);
}

/** That a channel is broken is said on the others; on itself only when it is the only one. */
function audience(notice: Notice, channels: readonly string[]): readonly string[] {
  const { rule, key } = notice.incident;
  if (rule !== CHANNEL_BROKEN) return channels;
  const others = channels.filter((channel) => key !== `${CHANNEL_BROKEN}:${channel}`);
  return others.length > 0 ? others : channels;
}

function row(
  incident: string,
  channel: string,
  kind: Delivery['kind'],
  message: Message,
  clock: Clock,
): Delivery {
  const now = clock.now();
  return {
    id: uuidv7(clock),
    incident,
    channel,
    kind,
    message,
    state: 'queued',
    tries: 0,
    nextTryAt: now,
    receipt: null,
    lastError: null,
    createdAt: now,
    deliveredAt: null,
  };
}
