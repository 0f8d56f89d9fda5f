/**
 * What a row of `spend` counts for, as SQL: exactly one of the three is above nothing. A presumed
 * call counts at its bound, or at what it really cost where that was learned to be more.
 */
export const SETTLED = `CASE WHEN spend.state = 'settled' THEN spend.actual_nusd ELSE 0 END`;
export const HELD = `CASE WHEN spend.state = 'held' THEN spend.bound_nusd ELSE 0 END`;
export const PRESUMED = `CASE WHEN spend.state = 'presumed'
  THEN max(spend.bound_nusd, coalesce(spend.actual_nusd, 0)) ELSE 0 END`;
/** All three together: what a cap is compared with. */
export const COMMITTED = `(${SETTLED} + ${HELD} + ${PRESUMED})`;
