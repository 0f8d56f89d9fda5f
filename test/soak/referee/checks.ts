import type { Evidence } from './evidence.ts';
import {
  approvedOnce,
  deniedHostUnreached,
  haltHolds,
  onlyTheLeaseSpends,
} from './checks/fences.ts';
import { capsHold, holdsEnd, modelsAllowed, paidOnce } from './checks/money.ts';
import { alertsArrive, onlyTheWedgedAreEnded } from './checks/watch.ts';
import { jobsEnd, keysUsedOnce, slotsAccounted } from './checks/work.ts';
import type { Verdict } from './verdict.ts';

/** One check for each invariant, in their order. */
export const CHECKS: readonly ((evidence: Evidence) => Verdict)[] = [
  capsHold,
  holdsEnd,
  modelsAllowed,
  onlyTheLeaseSpends,
  jobsEnd,
  slotsAccounted,
  keysUsedOnce,
  paidOnce,
  deniedHostUnreached,
  approvedOnce,
  alertsArrive,
  haltHolds,
  onlyTheWedgedAreEnded,
];
