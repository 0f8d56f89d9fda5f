import type { Clock, Severity } from '@nightshift/domain';

const HOUR_MS = 3_600_000;
/** Beyond the share a channel gets one message of all that waits, this often. */
const DIGEST_MS = 10 * 60_000;

/**
 * How much a person is told in an hour. A free ntfy topic takes 250 messages a day, and somebody
 * who gets forty in an hour stops reading. Pages may use twice the share, so that noise cannot use
 * up what they need. Kept in memory: a restart begins a new hour.
 */
export class SendBudget {
  readonly #clock: Clock;
  readonly #perHour: number;
  readonly #sent = new Map<string, number[]>();
  readonly #digestAt = new Map<string, number>();

  constructor(clock: Clock, perHour = 20) {
    this.#clock = clock;
    this.#perHour = perHour;
  }

  /** May one more message of this severity go out now? */
  allows(channel: string, severity: Severity): boolean {
    const limit = severity === 'page' ? 2 * this.#perHour : this.#perHour;
    return this.#recent(channel).length < limit;
  }

  /** A message went out. */
  sent(channel: string): void {
    this.#sent.set(channel, [...this.#recent(channel), this.#clock.monotonic()]);
  }

  /** How long until the next digest may go out, ms; 0 for now. The first one waits, too. */
  digestWaitMs(channel: string): number {
    const now = this.#clock.monotonic();
    const last = this.#digestAt.get(channel);
    if (last === undefined || now - last >= HOUR_MS) {
      this.#digestAt.set(channel, now);
      return DIGEST_MS;
    }
    return Math.max(0, DIGEST_MS - (now - last));
  }

  /** A digest went out. */
  digestSent(channel: string): void {
    this.#digestAt.set(channel, this.#clock.monotonic());
  }

  #recent(channel: string): number[] {
    const from = this.#clock.monotonic() - HOUR_MS;
    return (this.#sent.get(channel) ?? []).filter((at) => at > from);
  }
}
