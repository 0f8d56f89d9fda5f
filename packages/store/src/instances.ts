import type {
  Beat,
  Clock,
  Instance,
  InstanceStore,
  LauncherName,
  Phase,
  ServiceName,
} from '@nightshift/domain';
import type { Connection } from './connection.ts';
import { appendEvent } from './events.ts';

type Entry = Parameters<InstanceStore['register']>[0];

/** Lives of services and their beats. */
export function createInstanceStore(db: Connection, clock: Clock): InstanceStore {
  return {
    register: (entry) => db.write(() => register(db, clock.now(), entry)),
    beat: (id, beat, silentMs) =>
      db.write(() => writeBeat(db, clock.now(), { id, beat, silentMs })),
    proven: (id, launcher) => db.write(() => writeProof(db, clock.now(), id, launcher)),
    stopped: (id) => db.write(() => writeStop(db, clock.now(), id)),
    current: () => db.read(() => currentInstances(db)),
    running: (...services) =>
      db.look(() => {
        const named = services.map(() => '?').join(', ');
        const sql = `${SELECT} WHERE service IN (${named}) AND stopped_at IS NULL ${NEWEST_FIRST}`;
        return db.all<InstanceRow>(sql, services).map(toInstance);
      }),
  };
}

/** The newest life of each service, for the caller's transaction. */
export function currentInstances(db: Connection): readonly Instance[] {
  const services = db.all<{ service: ServiceName }>('SELECT DISTINCT service FROM instances');
  const newest = `${SELECT} WHERE service = ? ${NEWEST_FIRST} LIMIT 1`;
  return services.map((it) => toInstance(db.one<InstanceRow>(newest, [it.service])!));
}

function register(db: Connection, now: number, entry: Entry): void {
  db.run(REGISTER, {
    id: entry.id,
    service: entry.service,
    pid: entry.process.pid,
    startTicks: entry.process.startTicks,
    bootId: entry.process.bootId,
    pidNamespace: entry.process.pidNamespace,
    version: entry.version,
    configHash: entry.configHash,
    now,
  });
  const { service, process } = entry;
  appendEvent(db, now, 'instance.started', entry.id, { service, pid: process.pid });
}

interface BeatEntry {
  readonly id: string;
  readonly beat: Beat;
  readonly silentMs: number | undefined;
}

/**
 * A life that has ended does not beat again. The row keeps the newest beat alone, so a silence that
 * is over would leave no trace without its event.
 */
function writeBeat(db: Connection, now: number, { id, beat, silentMs }: BeatEntry): void {
  const before = db.one<{ service: ServiceName; beat_at: number }>(BEFORE, [id]);
  if (before === undefined) return;
  const { service, beat_at: fromAt } = before;
  if (silentMs !== undefined && now - fromAt >= silentMs) {
    appendEvent(db, now, 'instance.gap', id, { service, fromAt, ms: now - fromAt });
  }
  db.run(BEAT, {
    id,
    loopSeq: beat.loopSeq,
    progressSeq: beat.progressSeq,
    phase: beat.phase,
    kind: beat.inflightKind,
    deadline: beat.inflightDeadline,
    now,
  });
}

function writeStop(db: Connection, now: number, id: string): void {
  const changed = db.run(
    `UPDATE instances SET stopped_at = :now, phase = 'stopped', inflight_kind = NULL,
       inflight_deadline = NULL
     WHERE id = :id AND stopped_at IS NULL`,
    { id, now },
  );
  if (changed === 1) appendEvent(db, now, 'instance.stopped', id);
}

function writeProof(db: Connection, now: number, id: string, launcher: LauncherName): void {
  const changed = db.run('UPDATE instances SET launcher = ? WHERE id = ?', [launcher, id]);
  if (changed === 1) appendEvent(db, now, 'sandbox.proven', id, { launcher });
}

interface InstanceRow {
  readonly id: string;
  readonly service: ServiceName;
  readonly pid: number;
  readonly start_ticks: number;
  readonly boot_id: string;
  readonly pid_namespace: string;
  readonly version: string;
  readonly config_hash: string;
  readonly started_at: number;
  readonly stopped_at: number | null;
  readonly loop_seq: number;
  readonly progress_seq: number;
  readonly phase: Phase;
  readonly inflight_kind: string | null;
  readonly inflight_deadline: number | null;
  readonly beat_at: number;
  readonly launcher: LauncherName | null;
}

function toInstance(row: InstanceRow): Instance {
  return {
    id: row.id,
    service: row.service,
    pid: row.pid,
    startTicks: row.start_ticks,
    bootId: row.boot_id,
    pidNamespace: row.pid_namespace,
    version: row.version,
    configHash: row.config_hash,
    startedAt: row.started_at,
    stoppedAt: row.stopped_at,
    loopSeq: row.loop_seq,
    progressSeq: row.progress_seq,
    phase: row.phase,
    inflightKind: row.inflight_kind,
    inflightDeadline: row.inflight_deadline,
    beatAt: row.beat_at,
    launcher: row.launcher,
  };
}

const SELECT = 'SELECT * FROM instances';
// rowid is the order of registration, also when the clock was set back between two lives.
const NEWEST_FIRST = 'ORDER BY rowid DESC';

const REGISTER = `
  INSERT INTO instances (id, service, pid, start_ticks, boot_id, pid_namespace, version,
                         config_hash, started_at, beat_at)
  VALUES (:id, :service, :pid, :startTicks, :bootId, :pidNamespace, :version, :configHash, :now,
          :now)`;

const BEFORE = 'SELECT service, beat_at FROM instances WHERE id = ? AND stopped_at IS NULL';

const BEAT = `
  UPDATE instances
  SET loop_seq = :loopSeq, progress_seq = :progressSeq, phase = :phase, inflight_kind = :kind,
      inflight_deadline = :deadline, beat_at = :now
  WHERE id = :id AND stopped_at IS NULL`;
