import type { Job } from '@nightshift/domain';
import type { Printer } from '../printer.ts';
import { stateCell } from './job-text.ts';
import { when } from './time.ts';

/** Jobs as a table. */
export function printJobs(printer: Printer, jobs: readonly Job[], now: number): void {
  if (jobs.length === 0 && printer.person) {
    printer.line('no jobs');
    return;
  }
  printer.table(
    [
      { title: 'id' },
      { title: 'agent' },
      { title: 'state' },
      { title: 'tries', align: 'right' },
      { title: 'made' },
      { title: 'last word', flexible: true },
    ],
    jobs.map((job) => [
      job.id,
      job.agent,
      stateCell(job),
      `${job.attempts}/${job.maxAttempts}`,
      when(job.createdAt, now, printer.person),
      lastWord(job),
    ]),
  );
}

/** What a person wants to know next: the error of what failed, else how far it is. */
function lastWord(job: Job): string | null {
  if (job.state === 'done') return null;
  if (job.lastError !== null) return `${job.lastError.code}: ${job.lastError.message}`;
  return job.progress === null
    ? null
    : `${job.progress.done}/${job.progress.total} ${job.progress.note}`;
}
