import type { Attempt, Job, JobState, SpendRow } from '@nightshift/domain';
import { usd } from './dollars.ts';
import type { Cell } from './table.ts';
import type { Tone } from './style.ts';

const TONES: Readonly<Record<JobState, Tone>> = {
  queued: 'plain',
  running: 'accent',
  done: 'good',
  dead: 'bad',
  cancelled: 'dim',
};

/** `queued (cap)`, in the colour of the state. */
export function stateCell(job: Pick<Job, 'state' | 'waitReason'>): Cell {
  const wait = job.waitReason === null ? '' : ` (${job.waitReason})`;
  return { text: `${job.state}${wait}`, tone: TONES[job.state] };
}

/** A job for a program. The lease's token is the right to write: it stays inside. */
export function jobDocument(job: Job): object {
  const lease =
    job.lease === null ? null : { instance: job.lease.instance, until: job.lease.until };
  return { ...job, lease };
}

export function attemptDocument({ spentNusd, ...attempt }: Attempt): object {
  return { ...attempt, spentUsd: usd(spentNusd) };
}

export function callDocument({ boundNusd, actualNusd, ...call }: SpendRow): object {
  return {
    ...call,
    boundUsd: usd(boundNusd),
    actualUsd: actualNusd === null ? null : usd(actualNusd),
  };
}
