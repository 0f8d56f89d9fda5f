import type { Report } from '@nightshift/domain';
import { type Installation, notFound } from './installation.ts';

/** Newest first. */
export async function listReports(
  installation: Installation,
  filter: { readonly agent?: string; readonly limit: number },
): Promise<readonly Report[]> {
  return (await installation.store()).reports.list(filter);
}

/**
 * A report by its id, by its job's id, or the newest one for `latest`.
 * @throws NightshiftError `not-found` (1).
 */
export async function showReport(installation: Installation, id: string): Promise<Report> {
  const { reports, jobs } = await installation.store();
  const report =
    id === 'latest'
      ? ((await reports.list({ limit: 1 }))[0] ?? null)
      : ((await reports.get(id)) ?? (await reportOfJob(id)));
  if (report === null) throw notFound('report', id, 'nightshift reports list shows the ids');
  return report;

  async function reportOfJob(job: string): Promise<Report | null> {
    const of = (await jobs.get(job))?.report ?? null;
    return of === null ? null : reports.get(of);
  }
}
