import type { SpendLine, SpendPage, Usage } from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import { COMMITTED } from './amounts.ts';

/** One page of calls, oldest first: ids sort by the time they were made. */
export function spendPage(db: Connection, page: SpendPage): readonly SpendLine[] {
  const { sinceAt, after, limit } = page;
  return db.all<RawLine>(PAGE, { sinceAt, after, limit }).map((it) => ({
    ...it,
    usage: it.usage === null ? null : (JSON.parse(it.usage) as Usage),
  }));
}

interface RawLine extends Omit<SpendLine, 'usage'> {
  readonly usage: string | null;
}

const PAGE = `
  SELECT id, job, attempt, agent, step, ordinal, endpoint, model, price_version AS priceVersion,
         bound_nusd AS boundNusd, actual_nusd AS actualNusd, state, outcome, usage, day, status,
         detail, taken_at AS takenAt, sent_at AS sentAt, ended_at AS endedAt,
         ${COMMITTED} AS countsNusd
  FROM spend WHERE id > :after AND taken_at >= :sinceAt ORDER BY id LIMIT :limit`;
