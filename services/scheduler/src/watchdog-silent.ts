import {
  toError,
  uuidv7,
  type Clock,
  type Instance,
  type Message,
  type Settings,
} from '@nightshift/domain';
import { openChannel, WATCHDOG_SILENT, type Channel, type SecretReader } from '@nightshift/alerts';
import type { Log } from '@nightshift/lifecycle';

/** At most one message in this time, ms: whoever cannot help now is not helped by the next. */
const REPEAT_MS = 3_600_000;
/** How much longer than any other service the watchdog may be silent. */
const PATIENCE = 3;

export interface WatchdogSilentOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'info'>;
  readonly secret: SecretReader;
  /** The newest life of each service. */
  readonly instances: () => Promise<readonly Instance[]>;
}

/**
 * Who watches the watchdog. The scheduler sees whether its loop goes round, by counters that change
 * over its own time, and says that it does not straight through the channels: the outbox belongs to
 * the one who is silent.
 */
export class WatchdogSilent {
  readonly #options: WatchdogSilentOptions;
  #seen = '';
  #silentMs = 0;
  #at: number | null = null;
  #told: { readonly ref: string; readonly at: number } | null = null;

  constructor(options: WatchdogSilentOptions) {
    this.#options = options;
  }

  /** One look; call it a few times in `silentMs`. Never rejects. */
  async look(): Promise<void> {
    try {
      await this.#step();
    } catch (error) {
      this.#options.log.warn('watchdog-unseen', 'the watchdog cannot be looked at', {
        error: toError(error),
      });
    }
  }

  async #step(): Promise<void> {
    const { settings, clock, instances } = this.#options;
    const life = (await instances()).find((it) => it.service === 'watchdog');
    const now = clock.monotonic();
    const passed = this.#at === null ? 0 : now - this.#at;
    this.#at = now;
    const seen = life === undefined ? 'nobody' : `${life.id} ${life.loopSeq}`;
    // A look that comes late is a machine that slept: start over, as the watchdog itself does.
    const slept = passed > settings.times.silentMs;
    const moved = seen !== this.#seen;
    this.#seen = seen;
    this.#silentMs = moved || slept ? 0 : this.#silentMs + passed;
    if (moved && this.#told !== null && life?.stoppedAt === null) await this.#tellBack();
    if (this.#silentMs >= PATIENCE * settings.times.silentMs) await this.#tell(life);
  }

  async #tell(life: Instance | undefined): Promise<void> {
    const { clock, log } = this.#options;
    const now = clock.monotonic();
    if (this.#told !== null && now - this.#told.at < REPEAT_MS) return;
    this.#told = { ref: this.#told?.ref ?? uuidv7(clock), at: now };
    const who =
      life === undefined
        ? 'No watchdog was ever seen here'
        : `pid ${life.pid} has not gone round for ${Math.round(this.#silentMs / 1_000)} s`;
    log.warn('watchdog-silent', who);
    await this.#send({
      title: 'The watchdog is silent',
      body: `${who}. Nobody watches: nothing is told and nobody wedged is ended. The scheduler says this.`,
      severity: WATCHDOG_SILENT.severity,
      resolved: false,
      ref: this.#told.ref,
      runbook: `RUNBOOK.md#${WATCHDOG_SILENT.id}`,
    });
  }

  async #tellBack(): Promise<void> {
    const { log } = this.#options;
    const ref = this.#told?.ref ?? '';
    this.#told = null;
    log.info('watchdog-back', 'the watchdog goes round again');
    await this.#send({
      title: 'Resolved: The watchdog is silent',
      body: 'Its loop goes round again.',
      severity: WATCHDOG_SILENT.severity,
      resolved: true,
      ref,
      runbook: null,
    });
  }

  /** Each channel once; there is no outbox to keep what one of them refuses. */
  async #send(message: Message): Promise<void> {
    const { log } = this.#options;
    const results = await Promise.all(this.#channels().map((it) => it.send(message)));
    for (const result of results) {
      if (!result.ok) log.warn('watchdog-silent-unsent', result.failure.message);
    }
    // Nobody heard: try again at the next look instead of in an hour.
    const heard = results.length === 0 || results.some((it) => it.ok);
    if (!heard && this.#told !== null) {
      this.#told = { ...this.#told, at: this.#told.at - REPEAT_MS + RETRY_MS };
    }
  }

  /** Opened when they are needed, which is hardly ever. */
  #channels(): readonly Channel[] {
    const { settings, secret, clock, log } = this.#options;
    return settings.alerts.channels.flatMap((it) => {
      try {
        return [openChannel(it, secret, clock)];
      } catch (error) {
        log.warn('watchdog-silent-unsent', toError(error).message, { channel: it.name });
        return [];
      }
    });
  }
}

/** After a message that no channel took, ms. */
const RETRY_MS = 60_000;

/** Looks in a silence, which is told in whole ones. */
const LOOKS = 4;

/** Looks now and then, also while halted, until the signal. */
export function watchWatchdog(options: WatchdogSilentOptions, stopping: AbortSignal): void {
  const silent = new WatchdogSilent(options);
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void silent.look().finally(() => (looking = false));
  }, options.settings.times.silentMs / LOOKS);
  stopping.addEventListener('abort', () => clearInterval(timer), { once: true });
}
