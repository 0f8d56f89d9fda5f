import type { Finding, Instance, Kill, ServiceName } from '@nightshift/domain';
import { KILL_SPAN_MS, KILLS_MAX, type LadderStep } from './ladder-plan.ts';

/** What the ladder knows about a service after its last step. */
export interface LadderEnd {
  readonly suspect: Finding | null;
  readonly life: Instance | null;
  /** The newest kill of the service, whatever became of it. */
  readonly last: Kill | null;
}

/**
 * What a person has to know about the killing itself. Derived anew each tick, as long as the
 * service is suspect: so it ends by itself when the service lives again.
 */
export function ladderFindings(
  service: ServiceName,
  step: LadderStep,
  { suspect, life, last }: LadderEnd,
): readonly Finding[] {
  if (suspect === null) return [];
  const finding = (rule: string, title: string, detail: string): Finding => ({
    rule,
    key: `${rule}:${service}`,
    severity: 'page',
    title,
    detail,
  });
  const out: Finding[] = [];
  if (step.do === 'mismatch') {
    const pid = life === null ? 'the recorded process' : `pid ${life.pid}`;
    out.push(
      finding(
        'identity-mismatch',
        `The ${service} cannot be proven`,
        `It is silent, and ${pid} is not provably the process that wrote its row. Nothing was signalled.`,
      ),
    );
  }
  if (step.do === 'stand-down') {
    out.push(
      finding(
        'stand-down',
        `The ${service} is not killed any more`,
        `${KILLS_MAX} kills within ${KILL_SPAN_MS / 60_000} minutes did not help. ${suspect.title}: ${suspect.detail}`,
      ),
    );
  }
  if (last?.state !== 'failed') return out;
  if (last.deadAt === null) {
    out.push(
      finding(
        'kill-failed',
        `The ${service} cannot be killed`,
        `pid ${last.pid} is still there after SIGKILL, probably waiting for a disk.`,
      ),
    );
  } else {
    out.push(
      finding(
        'not-recovered',
        `The ${service} did not come back`,
        `pid ${last.pid} was killed, and no new instance went round in time: ${last.reason}`,
      ),
    );
  }
  return out;
}
