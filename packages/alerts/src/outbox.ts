import {
  toError,
  type Clock,
  type Delivery,
  type Finding,
  type WatchStore,
} from '@nightshift/domain';
import {
  afterFailure,
  healthFinding,
  HEALTHY,
  parseHealth,
  type ChannelHealth,
} from './channel-health.ts';
import { failed, type Channel, type SendFailure, type SendResult } from './channel.ts';
import { delayed, digestMessage } from './message.ts';
import { SendBudget } from './send-budget.ts';

export interface OutboxOptions {
  readonly store: WatchStore;
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  /** Uniform in [0, 1); for the jitter. */
  readonly random?: () => number;
  readonly perHour?: number;
}

/** A claim is over after this; far above the time limit of one post. */
const CLAIM_MS = 60_000;
/** A message that found no taker for so long is given up, and its row says so. */
const GIVE_UP_MS = 72 * 3_600_000;
const BATCH = 200;

/**
 * Delivers rows: claim (`queued -> sending`), send, record (`delivered` with the receipt, `queued`
 * again, or `failed`). Every step is compare-and-set on the row's state and tries. A claim that was
 * never recorded, because the process died between sending and recording, comes due again: so a
 * message may arrive twice, with the same reference in it, and never not at all.
 *
 * Channels do not wait for each other, and one channel sends one message at a time.
 */
export class Outbox {
  readonly #store: WatchStore;
  readonly #channels: ReadonlyMap<string, Channel>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #budget: SendBudget;
  readonly #health = new Map<string, ChannelHealth>();
  readonly #busy = new Set<string>();
  /**
   * Sent and not recorded, because writing failed: recorded first thing when it comes due again.
   */
  readonly #unrecorded = new Map<string, string>();

  constructor(options: OutboxOptions) {
    this.#store = options.store;
    this.#channels = new Map(options.channels.map((it) => [it.name, it]));
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#budget = new SendBudget(options.clock, options.perHour);
  }

  /** Names of the channels, for the rows of new incidents. */
  get channels(): readonly string[] {
    return [...this.#channels.keys()];
  }

  /**
   * One pass over everything that is due; channels that are still busy with an earlier pass are
   * left to it. Resolves when what this pass took is recorded.
   * @throws what the store throws; rows that were claimed then come due again.
   */
  async run(): Promise<void> {
    const due = await this.#store.due(BATCH);
    const byChannel = Map.groupBy(due, (it) => it.channel);
    const passes = [...byChannel].map(([name, rows]) => this.#pass(name, rows));
    const ends = await Promise.allSettled(passes);
    const bad = ends.find((it) => it.status === 'rejected');
    if (bad !== undefined) throw bad.reason;
  }

  /** Channels that a person has to look at. */
  async findings(): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    for (const name of this.#channels.keys()) {
      const finding = healthFinding(name, await this.#healthOf(name), this.#clock.now());
      if (finding !== null) findings.push(finding);
    }
    return findings;
  }

  async #pass(name: string, rows: readonly Delivery[]): Promise<void> {
    if (this.#busy.has(name)) return;
    this.#busy.add(name);
    try {
      const channel = this.#channels.get(name);
      if (channel === undefined)
        await this.#dropAll(rows, 'the channel is not configured any more');
      else await this.#deliverAll(channel, await this.#current(rows));
    } finally {
      this.#busy.delete(name);
    }
  }

  async #deliverAll(channel: Channel, rows: readonly Delivery[]): Promise<void> {
    const inOrder = rows.toSorted(mostUrgentFirst);
    for (const [index, row] of inOrder.entries()) {
      const { notBefore } = await this.#healthOf(channel.name);
      // A person who tests a channel wants to know now, whatever it did before.
      if (row.kind !== 'test' && notBefore > this.#clock.now()) {
        await this.#postpone(row, notBefore);
      } else if (this.#budget.allows(channel.name, row.message.severity)) {
        await this.#deliver(channel, row);
      } else {
        return this.#surplus(channel, inOrder.slice(index));
      }
    }
  }

  async #deliver(channel: Channel, row: Delivery): Promise<void> {
    const claimed = await this.#claim(row);
    if (claimed === null) return;
    const message = delayed(row.message, this.#clock.now() - row.createdAt);
    await this.#record([claimed], await trySend(channel, message));
  }

  /** The hour's share is used up: what is left waits a little and goes out as one message. */
  async #surplus(channel: Channel, rows: readonly Delivery[]): Promise<void> {
    const waitMs = this.#budget.digestWaitMs(channel.name);
    if (waitMs > 0) {
      for (const row of rows) await this.#postpone(row, this.#clock.now() + waitMs);
      return;
    }
    const claimed: Delivery[] = [];
    for (const row of rows) {
      const mine = await this.#claim(row);
      if (mine !== null) claimed.push(mine);
    }
    if (claimed.length === 0) return;
    this.#budget.digestSent(channel.name);
    const digest = digestMessage(claimed.map((it) => it.message));
    await this.#record(claimed, await trySend(channel, digest));
  }

  /** Takes the row for one send; null when it moved on, or was sent before and is recorded now. */
  async #claim(row: Delivery): Promise<Delivery | null> {
    const receipt = this.#unrecorded.get(row.id);
    if (receipt !== undefined) {
      await this.#recordDelivered(row, receipt);
      return null;
    }
    const now = this.#clock.now();
    const claimed: Delivery = {
      ...row,
      state: 'sending',
      tries: row.tries + 1,
      nextTryAt: now + CLAIM_MS,
    };
    return (await this.#store.updateDelivery(row, claimed)) ? claimed : null;
  }

  async #record(claimed: readonly Delivery[], result: SendResult): Promise<void> {
    const [first] = claimed;
    if (first === undefined) return;
    if (result.ok) {
      this.#budget.sent(first.channel);
      for (const row of claimed) this.#unrecorded.set(row.id, result.receipt);
      for (const row of claimed) await this.#recordDelivered(row, result.receipt);
      return this.#setHealth(first.channel, HEALTHY);
    }
    const health = await this.#healthOf(first.channel);
    const next = afterFailure(health, result.failure, this.#clock.now(), this.#random);
    // Health first: a process that dies here must not go on at once with a channel that said wait.
    await this.#setHealth(first.channel, next);
    for (const row of claimed) await this.#recordFailure(row, result.failure, next);
  }

  async #recordDelivered(row: Delivery, receipt: string): Promise<void> {
    const deliveredAt = this.#clock.now();
    const done: Delivery = { ...row, state: 'delivered', receipt, deliveredAt, lastError: null };
    await this.#store.updateDelivery(row, done);
    this.#unrecorded.delete(row.id);
  }

  async #recordFailure(row: Delivery, failure: SendFailure, health: ChannelHealth): Promise<void> {
    const lastError = `${failure.code}: ${failure.message}`;
    const now = this.#clock.now();
    const hopeless = failure.permanent && (await this.#isSaidElsewhere(row.channel, failure));
    if (hopeless || now - row.createdAt >= GIVE_UP_MS || row.kind === 'test') {
      await this.#store.updateDelivery(row, { ...row, state: 'failed', lastError });
      return;
    }
    const nextTryAt = Math.max(health.notBefore, now + 1_000);
    await this.#store.updateDelivery(row, { ...row, state: 'queued', nextTryAt, lastError });
  }

  /**
   * A broken channel's message is given up only where another channel carries it; the only channel
   * there is keeps its messages for the day it is mended. A message that is refused for itself
   * would be refused for ever.
   */
  async #isSaidElsewhere(name: string, failure: SendFailure): Promise<boolean> {
    if (!failure.channelBroken) return true;
    for (const other of this.#channels.keys()) {
      if (other !== name && (await this.#healthOf(other)).broken === null) return true;
    }
    return false;
  }

  async #postpone(row: Delivery, nextTryAt: number): Promise<void> {
    await this.#store.updateDelivery(row, { ...row, nextTryAt });
  }

  /** Without the rows that a later one says better; those are dropped with that reason. */
  async #current(rows: readonly Delivery[]): Promise<readonly Delivery[]> {
    const current: Delivery[] = [];
    for (const row of rows) {
      if (await this.#isSuperseded(row)) await this.#dropAll([row], 'a later message says it all');
      else current.push(row);
    }
    return current;
  }

  async #isSuperseded(row: Delivery): Promise<boolean> {
    if (row.kind !== 'open' && row.kind !== 'reminder') return false;
    if (this.#unrecorded.has(row.id)) return false;
    const siblings = await this.#store.deliveriesOf(row.incident);
    const waiting = siblings.filter(
      (it) => it.id !== row.id && it.channel === row.channel && it.state === 'queued',
    );
    if (waiting.some((it) => it.kind === 'resolved')) return true;
    if (row.kind === 'open') return false;
    return waiting.some((it) => it.kind === 'open' || it.createdAt > row.createdAt);
  }

  async #dropAll(rows: readonly Delivery[], lastError: string): Promise<void> {
    for (const row of rows) {
      await this.#store.updateDelivery(row, { ...row, state: 'dropped', lastError });
    }
  }

  async #healthOf(name: string): Promise<ChannelHealth> {
    const known = this.#health.get(name);
    if (known !== undefined) return known;
    const health = parseHealth(await this.#store.recall(memoryName(name)));
    this.#health.set(name, health);
    return health;
  }

  async #setHealth(name: string, health: ChannelHealth): Promise<void> {
    if (this.#health.get(name) === health) return;
    this.#health.set(name, health);
    await this.#store.remember(memoryName(name), JSON.stringify(health));
  }
}

const RANK = { page: 0, warn: 1, info: 2 } as const;

function mostUrgentFirst(a: Delivery, b: Delivery): number {
  const severity = RANK[a.message.severity] - RANK[b.message.severity];
  return severity === 0 ? a.createdAt - b.createdAt : severity;
}

function memoryName(channel: string): string {
  return `channel:${channel}`;
}

async function trySend(channel: Channel, message: Delivery['message']): Promise<SendResult> {
  try {
    return await channel.send(message);
  } catch (error) {
    return failed('channel-error', toError(error).message);
  }
}
