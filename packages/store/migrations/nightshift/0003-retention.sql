-- min-reader: 1
-- Old details go; what they add up to stays. Only additions: programs of schema 1 go on working.

-- A pruned job leaves how it ended beside its key.
ALTER TABLE job_keys ADD COLUMN ended TEXT CHECK (ended IN ('done', 'dead', 'cancelled'));
ALTER TABLE job_keys ADD COLUMN pruned_at INTEGER;

-- A report outlives its job: what the job cost, noted when a done job is pruned.
ALTER TABLE reports ADD COLUMN delivered_nusd INTEGER CHECK (delivered_nusd >= 0);

-- The part of a window's counters that no row explains any more.
ALTER TABLE budget_windows ADD COLUMN folded_settled_nusd INTEGER NOT NULL DEFAULT 0
  CHECK (folded_settled_nusd >= 0);
ALTER TABLE budget_windows ADD COLUMN folded_presumed_nusd INTEGER NOT NULL DEFAULT 0
  CHECK (folded_presumed_nusd >= 0);

-- Calls whose rows were pruned, by the day they were booked on.
CREATE TABLE spend_days (
  day TEXT NOT NULL,
  agent TEXT NOT NULL,
  model TEXT NOT NULL,
  calls INTEGER NOT NULL CHECK (calls >= 1),
  settled_nusd INTEGER NOT NULL CHECK (settled_nusd >= 0),
  presumed_nusd INTEGER NOT NULL CHECK (presumed_nusd >= 0),
  last_at INTEGER NOT NULL,
  PRIMARY KEY (day, agent, model)
) STRICT, WITHOUT ROWID;

-- Slots whose rows were pruned, by their day: whole days since 1970 in UTC. No reason for those that were enqueued.
CREATE TABLE slot_days (
  agent TEXT NOT NULL,
  day INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('enqueued', 'skipped')),
  reason TEXT NOT NULL DEFAULT '',
  count INTEGER NOT NULL CHECK (count >= 1),
  PRIMARY KEY (agent, day, status, reason),
  CHECK ((status = 'enqueued') = (reason = ''))
) STRICT, WITHOUT ROWID;

-- Every slot at or before this moment has been decided and folded: it is never decided again,
-- whatever becomes of the cursor.
CREATE TABLE slot_marks (
  agent TEXT PRIMARY KEY,
  folded_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state IN ('done', 'cancelled');
CREATE INDEX budget_windows_opened ON budget_windows (window, opened_at);
