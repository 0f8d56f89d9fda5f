-- min-reader: 1
-- What agents were refused is looked at each tick, and is little among many events.

CREATE INDEX events_denied ON events (at) WHERE kind IN ('egress.denied', 'sandbox.denied');
