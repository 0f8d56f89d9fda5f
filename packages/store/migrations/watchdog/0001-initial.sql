-- The watchdog's own memory: it must outlive whatever it watches.

CREATE TABLE incidents (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('page', 'warn', 'info')),
  state TEXT NOT NULL CHECK (state IN ('pending', 'open', 'resolved')),
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  bad_ticks INTEGER NOT NULL DEFAULT 0,
  good_ticks INTEGER NOT NULL DEFAULT 0,
  first_seen_at INTEGER NOT NULL,
  opened_at INTEGER,
  resolved_at INTEGER,
  remind_at INTEGER,
  acked_until INTEGER,
  acked_by TEXT
) STRICT;
-- The same trouble is one incident while it lasts.
CREATE UNIQUE INDEX incidents_live ON incidents (key) WHERE state <> 'resolved';
CREATE INDEX incidents_seen ON incidents (first_seen_at);

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  incident TEXT NOT NULL,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('open', 'resolved', 'reminder', 'report', 'test')),
  message TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'delivered', 'failed', 'dropped')),
  tries INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL,
  receipt TEXT,
  last_error TEXT,
  created_at INTEGER NOT NULL,
  delivered_at INTEGER,
  CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_try_at) WHERE state IN ('queued', 'sending');
CREATE INDEX deliveries_incident ON deliveries (incident);

CREATE TABLE kills (
  id TEXT PRIMARY KEY,
  instance TEXT NOT NULL,
  service TEXT NOT NULL,
  pid INTEGER NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('intended', 'term', 'kill', 'dead', 'recovered', 'failed', 'identity-mismatch')),
  intended_at INTEGER NOT NULL,
  term_at INTEGER,
  kill_at INTEGER,
  dead_at INTEGER,
  recovered_at INTEGER
) STRICT;
CREATE INDEX kills_at ON kills (intended_at);

CREATE TABLE memory (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
