-- The first schema. Times are epoch milliseconds, money is whole nano-dollars, JSON is text.
-- States are guarded here as well as in code: a bug must meet a wall, not a balance.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- One row: is everything stopped, by whom and why.
CREATE TABLE control (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  halted INTEGER NOT NULL DEFAULT 0 CHECK (halted IN (0, 1)),
  reason TEXT,
  who TEXT,
  at INTEGER,
  -- The operator's time zone and the newest configuration's version, which own the caps.
  timezone TEXT NOT NULL DEFAULT 'UTC',
  config_version INTEGER NOT NULL DEFAULT 0,
  -- The latest wall clock ever believed: a day that was seen never comes back.
  high_at INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO control (id) VALUES (1);

CREATE TABLE agents (
  name TEXT PRIMARY KEY,
  paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  paused_at INTEGER
) STRICT;

-- Every key that was ever used, for ever: outlives its job.
CREATE TABLE job_keys (
  key TEXT PRIMARY KEY CHECK (length(CAST(key AS BLOB)) BETWEEN 1 AND 200),
  job TEXT NOT NULL,
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  input TEXT NOT NULL,
  priority INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled')),
  -- Runnable now: what makes a ticket. Set by operations that know the time.
  ready INTEGER NOT NULL CHECK (ready IN (0, 1)),
  ready_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  -- Every claim there ever was, given back or not: the number of the newest attempt row.
  claims INTEGER NOT NULL DEFAULT 0 CHECK (claims >= attempts),
  max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
  run_after INTEGER NOT NULL,
  wait_reason TEXT CHECK (wait_reason IN ('backoff', 'delay', 'cap', 'breaker', 'rate')),
  wait_since INTEGER,
  lease_token TEXT,
  lease_until INTEGER,
  instance TEXT,
  -- Was running when a worker crashed: runs alone until it proves innocent.
  suspect INTEGER NOT NULL DEFAULT 0 CHECK (suspect IN (0, 1)),
  -- Crashes of the worker while this job ran alone.
  crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
  cancel_asked INTEGER NOT NULL DEFAULT 0 CHECK (cancel_asked IN (0, 1)),
  slot INTEGER,
  last_error TEXT,
  progress TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  report TEXT,
  CHECK ((state = 'running') = (lease_token IS NOT NULL)),
  CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CHECK ((state = 'running') = (instance IS NOT NULL)),
  CHECK ((state IN ('done', 'dead', 'cancelled')) = (finished_at IS NOT NULL)),
  CHECK (ready = 0 OR state = 'queued'),
  CHECK ((ready = 1) = (ready_at IS NOT NULL))
) STRICT;

CREATE INDEX jobs_due ON jobs (run_after) WHERE state = 'queued' AND ready = 0;
CREATE INDEX jobs_ready ON jobs (ready_at) WHERE ready = 1;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';
CREATE INDEX jobs_agent_live ON jobs (agent, state) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_waiting ON jobs (wait_since) WHERE state = 'queued' AND wait_since IS NOT NULL;
CREATE INDEX jobs_suspect ON jobs (ready_at) WHERE suspect = 1;

CREATE TABLE attempts (
  job TEXT NOT NULL REFERENCES jobs (id),
  n INTEGER NOT NULL CHECK (n >= 1),
  instance TEXT NOT NULL,
  token TEXT NOT NULL,
  child_pid INTEGER,
  child_start_ticks INTEGER,
  child_boot_id TEXT,
  child_pid_namespace TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT CHECK (outcome IN ('done', 'failed', 'crashed', 'timeout', 'returned', 'cancelled')),
  error TEXT,
  spent_nusd INTEGER NOT NULL DEFAULT 0,
  source TEXT,
  -- No other job ran on the instance: a crash now is this job's doing.
  alone INTEGER NOT NULL DEFAULT 0 CHECK (alone IN (0, 1)),
  PRIMARY KEY (job, n),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
  job TEXT NOT NULL REFERENCES jobs (id),
  name TEXT NOT NULL,
  result TEXT NOT NULL,
  completed_at INTEGER NOT NULL,
  PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;

-- Complete answers of paid calls, written with their settlement: replayed, never paid twice.
CREATE TABLE calls (
  job TEXT NOT NULL,
  step TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL,
  spend TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (job, step, ordinal, request_hash)
) STRICT;

CREATE TABLE reports (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL UNIQUE,
  -- Which attempt filed it: a later one that files again is told that it stands.
  attempt INTEGER NOT NULL,
  agent TEXT NOT NULL,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  data TEXT NOT NULL,
  notify INTEGER NOT NULL CHECK (notify IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reports_agent ON reports (agent, created_at);
CREATE INDEX reports_created ON reports (created_at);

CREATE TABLE schedules (
  agent TEXT PRIMARY KEY,
  cron TEXT,
  every_ms INTEGER CHECK (every_ms > 0),
  timezone TEXT NOT NULL,
  -- Every slot at or before this moment has been decided.
  cursor_at INTEGER NOT NULL,
  CHECK ((cron IS NULL) <> (every_ms IS NULL))
) STRICT;

CREATE TABLE slots (
  agent TEXT NOT NULL,
  scheduled_for INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('enqueued', 'skipped')),
  reason TEXT,
  -- More than one for a range that was skipped as a whole; scheduled_for is then its last slot.
  count INTEGER NOT NULL DEFAULT 1 CHECK (count >= 1),
  range_from INTEGER,
  job TEXT,
  decided_at INTEGER NOT NULL,
  PRIMARY KEY (agent, scheduled_for),
  CHECK ((status = 'enqueued') = (job IS NOT NULL)),
  CHECK ((status = 'skipped') = (reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE budgets (
  scope TEXT NOT NULL,
  window TEXT NOT NULL CHECK (window IN ('call', 'job', 'hour', 'day', 'month')),
  cap_nusd INTEGER NOT NULL CHECK (cap_nusd >= 0),
  config_version INTEGER NOT NULL,
  PRIMARY KEY (scope, window)
) STRICT, WITHOUT ROWID;

-- Counters decide. One row a window that was ever spent in.
CREATE TABLE budget_windows (
  id INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  window TEXT NOT NULL CHECK (window IN ('job', 'hour', 'day', 'month')),
  key TEXT NOT NULL,
  settled_nusd INTEGER NOT NULL DEFAULT 0 CHECK (settled_nusd >= 0),
  held_nusd INTEGER NOT NULL DEFAULT 0 CHECK (held_nusd >= 0),
  presumed_nusd INTEGER NOT NULL DEFAULT 0 CHECK (presumed_nusd >= 0),
  opened_at INTEGER NOT NULL,
  UNIQUE (scope, window, key)
) STRICT;

-- Rows explain. One row a call that was ever admitted.
CREATE TABLE spend (
  id TEXT PRIMARY KEY,
  windows TEXT NOT NULL,
  job TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  agent TEXT NOT NULL,
  instance TEXT NOT NULL,
  step TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  price_version TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  day TEXT NOT NULL,
  bound_nusd INTEGER NOT NULL CHECK (bound_nusd >= 0),
  actual_nusd INTEGER CHECK (actual_nusd >= 0),
  state TEXT NOT NULL CHECK (state IN ('held', 'settled', 'released', 'presumed')),
  outcome TEXT,
  status INTEGER,
  detail TEXT,
  usage TEXT,
  taken_at INTEGER NOT NULL,
  sent_at INTEGER,
  ended_at INTEGER,
  CHECK ((state = 'held') = (ended_at IS NULL)),
  CHECK (state <> 'settled' OR actual_nusd IS NOT NULL)
) STRICT;
CREATE INDEX spend_held ON spend (instance) WHERE state = 'held';
CREATE INDEX spend_job ON spend (job, attempt);
CREATE INDEX spend_taken ON spend (taken_at, agent);

CREATE TABLE breakers (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  openings INTEGER NOT NULL DEFAULT 0 CHECK (openings >= 0),
  opened_at INTEGER,
  next_probe_at INTEGER,
  probe_owner TEXT,
  reason TEXT,
  -- Bumped by every write: what compare-and-set compares.
  version INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE instances (
  id TEXT PRIMARY KEY,
  service TEXT NOT NULL CHECK (service IN ('scheduler', 'worker', 'watchdog', 'run')),
  pid INTEGER NOT NULL,
  start_ticks INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  pid_namespace TEXT NOT NULL,
  version TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  launcher TEXT CHECK (launcher IN ('direct', 'bwrap')),
  started_at INTEGER NOT NULL,
  stopped_at INTEGER,
  loop_seq INTEGER NOT NULL DEFAULT 0,
  progress_seq INTEGER NOT NULL DEFAULT 0,
  phase TEXT NOT NULL DEFAULT 'starting',
  inflight_kind TEXT,
  inflight_deadline INTEGER,
  beat_at INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_service ON instances (service, started_at);

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ref TEXT,
  data TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT,
  detail TEXT NOT NULL
) STRICT;

-- Dead letters are a view: a job cannot be in the dead letter queue and somewhere else.
CREATE VIEW dead_letters AS
SELECT j.id, j.key, j.agent, j.finished_at AS died_at, j.attempts, j.last_error,
       (SELECT coalesce(sum(a.spent_nusd), 0) FROM attempts a WHERE a.job = j.id) AS spent_nusd
FROM jobs j
WHERE j.state = 'dead';

-- Tickets. The table is liteque's, column for column; the indexes are ours, because its own claim
-- sorts the whole queue. `createdAt` and `expireAt` are in seconds, `availableAt` in milliseconds.
CREATE TABLE tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  queue TEXT NOT NULL,
  payload TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  status TEXT DEFAULT 'pending' NOT NULL,
  expireAt INTEGER,
  allocationId TEXT NOT NULL,
  numRunsLeft INTEGER NOT NULL,
  maxNumRuns INTEGER NOT NULL,
  idempotencyKey TEXT,
  priority INTEGER DEFAULT 0 NOT NULL,
  availableAt INTEGER
);
CREATE UNIQUE INDEX tasks_queue_idempotencyKey_unique ON tasks (queue, idempotencyKey);
CREATE INDEX tasks_runnable ON tasks (queue, priority, id)
  WHERE status IN ('pending', 'pending_retry');
CREATE INDEX tasks_running ON tasks (queue, expireAt) WHERE status = 'running';

-- A ticket exists exactly while its job is queued, ready, and its agent is not paused.
CREATE TRIGGER ticket_for_new_job AFTER INSERT ON jobs
WHEN NEW.ready = 1
  AND NOT EXISTS (SELECT 1 FROM agents WHERE name = NEW.agent AND paused = 1)
BEGIN
  INSERT INTO tasks (queue, payload, createdAt, allocationId, numRunsLeft, maxNumRuns,
                     idempotencyKey, priority, availableAt)
  VALUES (NEW.agent, json_object('jobId', NEW.id), NEW.ready_at / 1000,
          lower(hex(randomblob(8))), 1000000, 1000000, NEW.id, NEW.priority, NEW.ready_at)
  ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER ticket_for_ready_job AFTER UPDATE OF ready ON jobs
WHEN NEW.ready = 1 AND OLD.ready = 0
  AND NOT EXISTS (SELECT 1 FROM agents WHERE name = NEW.agent AND paused = 1)
BEGIN
  INSERT INTO tasks (queue, payload, createdAt, allocationId, numRunsLeft, maxNumRuns,
                     idempotencyKey, priority, availableAt)
  VALUES (NEW.agent, json_object('jobId', NEW.id), NEW.ready_at / 1000,
          lower(hex(randomblob(8))), 1000000, 1000000, NEW.id, NEW.priority, NEW.ready_at)
  ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER no_ticket_for_unready_job AFTER UPDATE OF ready ON jobs
WHEN NEW.ready = 0 AND OLD.ready = 1
BEGIN
  DELETE FROM tasks WHERE queue = NEW.agent AND idempotencyKey = NEW.id;
END;

CREATE TRIGGER no_ticket_for_deleted_job AFTER DELETE ON jobs
WHEN OLD.ready = 1
BEGIN
  DELETE FROM tasks WHERE queue = OLD.agent AND idempotencyKey = OLD.id;
END;

CREATE TRIGGER no_tickets_while_paused AFTER UPDATE OF paused ON agents
WHEN NEW.paused = 1 AND OLD.paused = 0
BEGIN
  DELETE FROM tasks WHERE queue = NEW.name;
END;

CREATE TRIGGER no_tickets_when_paused_first AFTER INSERT ON agents
WHEN NEW.paused = 1
BEGIN
  DELETE FROM tasks WHERE queue = NEW.name;
END;

CREATE TRIGGER tickets_after_pause AFTER UPDATE OF paused ON agents
WHEN NEW.paused = 0 AND OLD.paused = 1
BEGIN
  INSERT INTO tasks (queue, payload, createdAt, allocationId, numRunsLeft, maxNumRuns,
                     idempotencyKey, priority, availableAt)
  SELECT agent, json_object('jobId', id), ready_at / 1000, lower(hex(randomblob(8))),
         1000000, 1000000, id, priority, ready_at
  FROM jobs WHERE agent = NEW.name AND ready = 1
  ON CONFLICT DO NOTHING;
END;
