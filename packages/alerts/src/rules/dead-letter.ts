import { sanitiseLine, type Facts, type Job } from '@nightshift/domain';
import type { Rule } from '../rule.ts';
import { unseen, type SeenRow } from '../seen.ts';

/** Dead letters listed by name in one message; the rest are counted. */
const LISTED = 10;

/** A job was given up. Each is told once; all that came since the last tick are one message. */
export const deadLetter: Rule = {
  id: 'dead-letter',
  severity: 'warn',
  doc: 'A job used up its attempts, or can never succeed, and was given up.',
  openAfter: 1,
  resolveAfter: 1,
  evaluate(facts, _settings, { deadSeen }) {
    const fresh = unseen(deadSeen, deadRows(facts));
    if (fresh.length === 0) return [];
    const agents = [...new Set(fresh.map(({ job }) => job.agent))].toSorted();
    const count = fresh.length === 1 ? 'A job is dead' : `${fresh.length} jobs are dead`;
    const more = fresh.length > LISTED ? [`and ${fresh.length - LISTED} more`] : [];
    return [
      {
        rule: deadLetter.id,
        key: `${deadLetter.id}:${fresh[0]!.name}`,
        severity: deadLetter.severity,
        title: sanitiseLine(`${count}: ${agents.join(', ')}`),
        detail: [...fresh.slice(0, LISTED).map(({ job }) => line(job)), ...more].join('\n'),
        once: true,
      },
    ];
  },
};

/** Dead jobs as rows of a cursor; a job that was redriven and died again is a new row. */
export function deadRows(facts: Facts): readonly (SeenRow & { readonly job: Job })[] {
  return facts.dead.map((job) => {
    const at = job.finishedAt ?? job.createdAt;
    return { name: `${job.id}@${at}`, at, job };
  });
}

function line(job: Job): string {
  const error = job.lastError;
  const why = error === null ? 'no reason recorded' : `${error.code}: ${error.message}`;
  return sanitiseLine(`${job.agent} ${job.id}: ${why}`, 300);
}
