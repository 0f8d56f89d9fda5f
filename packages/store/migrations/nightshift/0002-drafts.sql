-- min-reader: 1
-- Drafts: what an agent asked for and a person decides on. What was asked for can never be changed,
-- and every step towards the act leaves a mark before it is taken.

CREATE TABLE drafts (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  agent TEXT NOT NULL,
  action TEXT NOT NULL,
  -- Canonical JSON: the very bytes that will be used.
  args TEXT NOT NULL CHECK (json_valid(args)),
  args_hash TEXT NOT NULL CHECK (length(args_hash) = 64),
  definition_hash TEXT NOT NULL CHECK (length(definition_hash) = 64),
  target TEXT NOT NULL,
  target_hash TEXT NOT NULL CHECK (length(target_hash) = 64),
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'executing', 'done', 'failed',
                                       'rejected', 'expired')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_by TEXT,
  decided_at INTEGER,
  -- The job that executes it: made by the approval, in the same transaction.
  execution TEXT UNIQUE,
  -- Lease token of the attempt that began the act.
  token TEXT,
  started_at INTEGER,
  ended_at INTEGER,
  happened TEXT CHECK (happened IN ('yes', 'no', 'unknown')),
  result TEXT,
  -- The same action with the same arguments in one job is the same draft.
  UNIQUE (job, action, args_hash),
  CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
  CHECK (state IN ('pending', 'expired') OR decided_at IS NOT NULL),
  CHECK (state NOT IN ('approved', 'executing', 'done', 'failed') OR execution IS NOT NULL),
  CHECK ((started_at IS NULL) = (token IS NULL)),
  CHECK (state NOT IN ('executing', 'done') OR started_at IS NOT NULL),
  CHECK (state NOT IN ('pending', 'approved', 'rejected', 'expired') OR started_at IS NULL),
  CHECK ((state IN ('done', 'failed', 'rejected', 'expired')) = (ended_at IS NOT NULL)),
  CHECK ((state IN ('done', 'failed')) = (happened IS NOT NULL)),
  CHECK ((state = 'done') = (happened IS 'yes'))
) STRICT;
CREATE INDEX drafts_created ON drafts (created_at);
CREATE INDEX drafts_open ON drafts (agent, state)
  WHERE state IN ('pending', 'approved', 'executing');

CREATE TRIGGER drafts_stay_as_drafted
BEFORE UPDATE OF id, job, attempt, agent, action, args, args_hash, definition_hash, target,
                 target_hash, created_at ON drafts
BEGIN
  SELECT RAISE(ABORT, 'what was drafted cannot be changed');
END;
