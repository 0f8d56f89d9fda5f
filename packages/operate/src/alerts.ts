import { EXIT, NightshiftError, uuidv7 } from '@nightshift/domain';
import type { Delivery, Incident, Kill, Message } from '@nightshift/domain';
import { openChannel, testDelivery, type Channel } from '@nightshift/alerts';
import { type Processes, type Sleeper, systemProcesses, timerSleeper } from '@nightshift/lifecycle';
import { type WatchWriter, writeWatchStore } from '@nightshift/store';
import { type Installation, notFound } from './installation.ts';

/** How long the watchdog may take to deliver a test, ms: some ticks and a slow channel. */
const TEST_MS = 30_000;
const LOOK_MS = 200;

/** What the watchdog has raised. Empty where no watchdog has ever run. */
export async function listAlerts(
  installation: Installation,
  request: { readonly all: boolean; readonly limit: number },
): Promise<readonly Incident[]> {
  const watch = await installation.watchStore();
  if (watch === null) return [];
  if (request.all) return watch.incidents(request.limit);
  const open = await watch.openIncidents();
  return open.filter((it) => it.state === 'open').slice(0, request.limit);
}

/** One incident with what was told and who was killed. */
export interface AlertDetail {
  readonly incident: Incident;
  readonly deliveries: readonly Delivery[];
  /** Kills that were begun while it lasted, of the service it is about. */
  readonly kills: readonly Kill[];
}

/** @throws NightshiftError `not-found` (1). */
export async function showAlert(installation: Installation, id: string): Promise<AlertDetail> {
  const watch = await installation.watchStore();
  const incident = (await watch?.incident(id)) ?? null;
  if (watch === null || incident === null) {
    throw notFound('alert', id, 'nightshift alerts list --all shows them');
  }
  const until = incident.resolvedAt ?? Number.POSITIVE_INFINITY;
  const kills = await watch.killsSince(incident.firstSeenAt);
  return {
    incident,
    deliveries: await watch.deliveriesOf(id),
    kills: kills.filter((it) => it.intendedAt <= until && incident.key.endsWith(`:${it.service}`)),
  };
}

/**
 * Silences the reminders of an open incident. Should it become worse, it speaks again.
 * @throws NightshiftError `not-found`, `alert-not-open` (1).
 */
export async function ackAlert(
  installation: Installation,
  request: { readonly id: string; readonly forMs: number },
): Promise<Incident> {
  const { incident } = await showAlert(installation, request.id);
  const { actor, clock } = installation;
  const until = clock.now() + request.forMs;
  const acked = await withWriter(installation, (watch) =>
    watch.ack(incident.id, until, `${actor.kind}:${actor.name}`),
  );
  if (acked !== true) {
    throw new NightshiftError('alert-not-open', `the alert is ${incident.state}, not open`, {
      at: incident.id,
      fix: 'nightshift alerts list shows what is open',
      exitCode: EXIT.failed,
    });
  }
  return (await showAlert(installation, incident.id)).incident;
}

/** What became of a test message on one channel. */
export interface ChannelTest {
  readonly channel: string;
  /** By the watchdog from its outbox, or straight from here because none is running. */
  readonly by: 'watchdog' | 'command';
  readonly ok: boolean;
  /** The receiver's own id, or why there is none. */
  readonly receipt: string | null;
  readonly error: string | null;
}

export interface TestRequest {
  /** What the message says. */
  readonly title?: string;
  readonly body?: string;
  readonly sleeper?: Sleeper;
  readonly processes?: Processes;
}

/**
 * Sends one marked message through every channel: the way a real one goes where a watchdog runs,
 * else straight from here.
 * @throws NightshiftError (78) when the configuration cannot be used.
 */
export async function testChannels(
  installation: Installation,
  request: TestRequest = {},
): Promise<readonly ChannelTest[]> {
  const { channels } = (await installation.settings()).alerts;
  const message: Message = {
    title: request.title ?? 'Test: somebody wants to know whether this arrives',
    body: request.body ?? 'Nothing is wrong. Sent by "nightshift alerts test".',
    severity: 'info',
    resolved: false,
    ref: uuidv7(installation.clock),
    runbook: null,
  };
  if (channels.length === 0) return [];
  if (!(await isWatched(installation, request.processes ?? systemProcesses()))) {
    return Promise.all((await openChannels(installation)).map((it) => sendNow(it, message)));
  }
  const rows = channels.map((it) => testDelivery(it.name, message, installation.clock));
  await withWriter(installation, (watch) => watch.queue(rows));
  return waitForRows(installation, message.ref, request.sleeper ?? timerSleeper());
}

async function waitForRows(
  installation: Installation,
  ref: string,
  sleeper: Sleeper,
): Promise<readonly ChannelTest[]> {
  const { clock } = installation;
  const until = clock.monotonic() + TEST_MS;
  for (;;) {
    const rows = (await (await installation.watchStore())?.deliveriesOf(ref)) ?? [];
    const left = rows.filter((it) => it.state === 'queued' || it.state === 'sending');
    if (left.length === 0 || clock.monotonic() >= until) return rows.map(testOf);
    await sleeper.sleep(LOOK_MS);
  }
}

function testOf(row: Delivery): ChannelTest {
  const ok = row.state === 'delivered';
  const error = ok ? null : (row.lastError ?? `not delivered within ${TEST_MS / 1_000} s`);
  return { channel: row.channel, by: 'watchdog', ok, receipt: row.receipt, error };
}

async function sendNow(channel: Channel, message: Message): Promise<ChannelTest> {
  const result = await channel.send(message);
  const base = { channel: channel.name, by: 'command', ok: result.ok } as const;
  if (result.ok) return { ...base, receipt: result.receipt, error: null };
  return { ...base, receipt: null, error: `${result.failure.code}: ${result.failure.message}` };
}

/** With the secrets of the configuration's `.env`, as the watchdog has them. */
async function openChannels(installation: Installation): Promise<readonly Channel[]> {
  const { clock } = installation;
  const environment = await installation.fullEnvironment();
  const { channels } = (await installation.settings()).alerts;
  return channels.map((it, index) =>
    openChannel(it, (ref) => environment.requireSecret(ref, `alerts.channels[${index}]`), clock),
  );
}

/** Does a watchdog run here? */
export async function isWatched(
  installation: Installation,
  processes: Processes,
): Promise<boolean> {
  try {
    const { instances } = await installation.store();
    const lives = await instances.running('watchdog');
    return lives.some((it) => processes.liveness(it) === 'alive');
  } catch {
    return false;
  }
}

async function withWriter<T>(
  { paths, clock }: Installation,
  act: (watch: WatchWriter) => Promise<T>,
): Promise<T | null> {
  const watch = await writeWatchStore({ stateDir: paths.dir, clock });
  if (watch === null) return null;
  try {
    return await act(watch);
  } finally {
    watch.close();
  }
}
