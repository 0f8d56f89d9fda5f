-- min-reader: 1
-- A person may raise the cap of one window, for as long as that window lasts. The sum stands beside
-- the counters it is compared with; the rows say who, why and when. A program that does not know it
-- reads the lower cap.

ALTER TABLE budget_windows ADD COLUMN raised_nusd INTEGER NOT NULL DEFAULT 0
  CHECK (raised_nusd >= 0);

CREATE TABLE budget_raises (
  id TEXT PRIMARY KEY,
  window INTEGER NOT NULL REFERENCES budget_windows (id),
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  add_nusd INTEGER NOT NULL CHECK (add_nusd > 0),
  reason TEXT NOT NULL CHECK (length(trim(reason)) > 0),
  actor TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
