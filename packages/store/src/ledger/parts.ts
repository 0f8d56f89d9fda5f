import type { Clock } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import type { Calendar } from './believed-time.ts';

/** What every part of the ledger works with. */
export interface LedgerParts {
  readonly db: Connection;
  readonly clock: Clock;
  readonly calendar: Calendar;
}
