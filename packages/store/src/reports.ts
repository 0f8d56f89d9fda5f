import { NightshiftError, uuidv7 } from '@nightshift/domain';
import type {
  Clock,
  Delivered,
  Fence,
  Json,
  Report,
  ReportDraft,
  ReportStore,
} from '@nightshift/domain';
import type { Connection, SqlValue } from './connection.ts';
import { appendEvent } from './events.ts';
import { fenced } from './jobs/settle.ts';

/** Title, body and data of a report together, in bytes. */
export const REPORT_MAX_BYTES = 4_194_304;

/** Reports: at most one a job. */
export function createReportStore(db: Connection, clock: Clock): ReportStore {
  return {
    file: (fence, draft) => fileReport(db, clock, fence, draft),
    get: (id) => db.read(() => find(db, 'WHERE id = ?', [id])),
    list: (filter) => db.read(() => listReports(db, filter)),
    ids: (agent, fromAt, toAt) =>
      db.read(() => db.all<{ id: string }>(IDS, [agent, fromAt, toAt]).map((it) => it.id)),
    previous: (agent) => db.read(() => find(db, PREVIOUS, [agent])),
    delivered: (sinceAt, untilAt = Number.MAX_SAFE_INTEGER) =>
      db.read(() => db.all<Delivered>(DELIVERED, [sinceAt, untilAt]).map((it) => ({ ...it }))),
  };
}

export interface ReportRow {
  readonly id: string;
  readonly job: string;
  readonly attempt: number;
  readonly agent: string;
  readonly title: string;
  readonly body: string;
  readonly data: string;
  readonly notify: 0 | 1;
  readonly created_at: number;
}

export function toReport(row: ReportRow): Report {
  return {
    id: row.id,
    job: row.job,
    agent: row.agent,
    title: row.title,
    body: row.body,
    data: JSON.parse(row.data) as Json,
    notify: row.notify === 1,
    createdAt: row.created_at,
  };
}

/**
 * An attempt that files twice is a bug of the agent. A report that an earlier attempt filed before
 * it was lost stands: the retry gets it back, since a person may have read it already.
 */
async function fileReport(
  db: Connection,
  clock: Clock,
  fence: Fence,
  draft: ReportDraft,
): Promise<Report | null> {
  const data = reportData(fence, draft);
  return db.write(() => {
    const job = fenced(db, fence);
    if (job === undefined) return null;
    const before = db.one<ReportRow>('SELECT * FROM reports WHERE job = ?', [fence.job]);
    if (before !== undefined) return standing(before, fence);
    const now = clock.now();
    const id = uuidv7(clock);
    const row: ReportRow = {
      id,
      job: fence.job,
      attempt: fence.attempt,
      agent: job.agent,
      title: draft.title,
      body: draft.body,
      data,
      notify: draft.notify ? 1 : 0,
      created_at: now,
    };
    db.run(INSERT, { ...row });
    db.run('UPDATE jobs SET report = ? WHERE id = ?', [id, fence.job]);
    appendEvent(db, now, 'report.filed', id, { job: fence.job, agent: job.agent });
    return toReport(row);
  });
}

function standing(before: ReportRow, fence: Fence): Report {
  if (before.attempt !== fence.attempt) return toReport(before);
  throw new NightshiftError('report-duplicate', 'this job has filed its report already', {
    at: fence.job,
    fix: 'call ctx.report once, at the end',
  });
}

function reportData(fence: Fence, draft: ReportDraft): string {
  const data = JSON.stringify(draft.data) as string | undefined;
  if (data === undefined) {
    throw new NightshiftError('report-invalid', 'the data of the report is not JSON', {
      at: fence.job,
    });
  }
  const parts = [draft.title, draft.body, data];
  const bytes = parts.reduce((sum, it) => sum + Buffer.byteLength(it), 0);
  if (bytes <= REPORT_MAX_BYTES) return data;
  const message = `the report has ${bytes} bytes; ${REPORT_MAX_BYTES} are allowed`;
  throw new NightshiftError('report-too-large', message, { at: fence.job });
}

function find(db: Connection, condition: string, values: readonly SqlValue[]): Report | null {
  const row = db.one<ReportRow>(`SELECT * FROM reports ${condition}`, values);
  return row === undefined ? null : toReport(row);
}

function listReports(
  db: Connection,
  filter: { readonly agent?: string; readonly limit: number },
): readonly Report[] {
  const condition = filter.agent === undefined ? '' : 'WHERE agent = ?';
  const values: SqlValue[] = filter.agent === undefined ? [] : [filter.agent];
  const sql = `SELECT * FROM reports ${condition} ORDER BY created_at DESC, id DESC LIMIT ?`;
  return db.all<ReportRow>(sql, [...values, filter.limit]).map(toReport);
}

const INSERT = `
  INSERT INTO reports (id, job, attempt, agent, title, body, data, notify, created_at)
  VALUES (:id, :job, :attempt, :agent, :title, :body, :data, :notify, :created_at)`;

const IDS = `SELECT id FROM reports WHERE agent = ? AND created_at >= ? AND created_at < ?`;

const PREVIOUS = `
  WHERE agent = ? AND (delivered_nusd IS NOT NULL OR EXISTS
    (SELECT 1 FROM jobs j WHERE j.id = reports.job AND j.state = 'done'))
  ORDER BY created_at DESC, id DESC LIMIT 1`;

// All attempts of a job are the price of its report, the failed ones too; of a job that was pruned
// since it was noted then.
const DELIVERED = `
  SELECT r.agent, count(*) AS count,
         coalesce(sum(coalesce(r.delivered_nusd,
           (SELECT sum(a.spent_nusd) FROM attempts a WHERE a.job = r.job))), 0) AS spentNusd
  FROM reports r
  WHERE r.created_at >= ? AND r.created_at < ? AND (r.delivered_nusd IS NOT NULL OR EXISTS
    (SELECT 1 FROM jobs j WHERE j.id = r.job AND j.state = 'done'))
  GROUP BY r.agent ORDER BY r.agent`;
