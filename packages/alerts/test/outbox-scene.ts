import type { Delivery, Message, WatchStore } from '@nightshift/domain';
import { startNtfy, type NtfyServer } from '@nightshift/fakes';
import { manualClock, onCleanup, type ManualClock } from '@nightshift/support';
import type { Channel } from '../src/channel.ts';
import { ntfyChannel } from '../src/channels/ntfy.ts';
import { testDelivery } from '../src/delivery.ts';
import { Outbox } from '../src/outbox.ts';
import { post } from '../src/post.ts';
import { watchStore } from './watch-store.ts';

/** An outbox over a real store, and a phone that receives. */
export interface OutboxScene {
  readonly clock: ManualClock;
  readonly store: WatchStore;
  /** Receives for the channel `phone`. */
  readonly server: NtfyServer;
  phone(name?: string, url?: string): Channel;
  /** Another life of the outbox; without jitter's chance: always the whole of the ceiling. */
  outbox(channels?: readonly Channel[], over?: WatchStore, perHour?: number): Outbox;
  /** A message to `phone`, titled `title N`. */
  queue(part?: Partial<Delivery>): Promise<Delivery>;
  /** The row as it is now. */
  rowOf(row: Delivery): Promise<Delivery>;
  titles(): readonly (string | undefined)[];
}

/** A new one, at noon, with an empty store. */
export async function outboxScene(): Promise<OutboxScene> {
  const clock = manualClock('2026-11-22T12:00:00Z');
  const store = await watchStore(clock);
  const server = await startNtfy();
  onCleanup(() => server.close());
  let serial = 0;
  const scene: OutboxScene = {
    clock,
    store,
    server,
    phone: (name = 'phone', url = server.url) =>
      ntfyChannel({ name, server: url, topic: 't', token: null }, post, clock),
    outbox: (channels = [scene.phone()], over = store, perHour = 20) =>
      new Outbox({ store: over, channels, clock, random: () => 0.999, perHour }),
    async queue(part = {}) {
      serial += 1;
      const incident = part.incident ?? `inc-${serial}`;
      const message: Message = {
        title: `title ${serial}`,
        body: 'body',
        severity: 'warn',
        resolved: part.kind === 'resolved',
        ref: incident,
        runbook: null,
      };
      const sent = testDelivery('phone', message, clock);
      const row: Delivery = { ...sent, kind: 'open', ...part, incident };
      await store.apply([], [row]);
      return row;
    },
    async rowOf(row) {
      const rows = await store.deliveriesOf(row.incident);
      const found = rows.find((it) => it.id === row.id);
      if (found === undefined) throw new Error(`no row ${row.id}`);
      return found;
    },
    titles: () => server.messages().map((it) => it.title),
  };
  return scene;
}
