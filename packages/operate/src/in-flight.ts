import type { Job } from '@nightshift/domain';
import type { Store } from '@nightshift/store';

/** Jobs that are listed at most; more than that never run at once. */
const JOBS_MAX = 200;

/** What is still going on. */
export interface InFlight {
  readonly jobs: readonly Pick<Job, 'id' | 'agent'>[];
  /** Model calls whose hold has not ended. */
  readonly calls: number;
}

/** Running jobs, and holds of theirs that have not ended. */
export async function inFlight(store: Pick<Store, 'jobs' | 'ledger'>): Promise<InFlight> {
  const jobs = await store.jobs.list({ state: 'running', limit: JOBS_MAX });
  let calls = 0;
  for (const { id } of jobs) {
    const rows = await store.ledger.spendRows({ job: id, limit: JOBS_MAX });
    calls += rows.filter((row) => row.state === 'held').length;
  }
  return { jobs: jobs.map(({ id, agent }) => ({ id, agent })), calls };
}
