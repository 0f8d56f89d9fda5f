import { DEFAULT_TIMES, type Finding, type Kill } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { planLadder, type LadderView } from './ladder-plan.ts';

const SUSPECT: Finding = {
  rule: 'service-silent',
  key: 'service-silent:worker',
  severity: 'page',
  title: 't',
  detail: 'd',
};
const CALM: LadderView = {
  suspect: null,
  kill: null,
  proof: 'alive',
  otherBoot: false,
  inStateMs: 0,
  recentKills: 0,
  forbidden: false,
  otherFirst: false,
  revived: false,
  successor: false,
  sighted: true,
};

function kill(state: Kill['state']): Kill {
  const times = { intendedAt: 0, termAt: null, killAt: null, deadAt: null, recoveredAt: null };
  return { id: 'k', instance: 'i', service: 'worker', pid: 2, reason: 'r', state, ...times };
}

test.each<[string, Partial<LadderView>, string]>([
  ['nothing is wrong', {}, 'none'],
  ['somebody is suspect', { suspect: SUSPECT }, 'intend'],
  ['the suspect has ended by itself', { suspect: SUSPECT, proof: 'dead' }, 'none'],
  ['its pid is somebody else', { suspect: SUSPECT, proof: 'other' }, 'mismatch'],
  ['nobody was ever there', { suspect: SUSPECT, proof: 'nobody' }, 'none'],
  ['nothing can be proven', { suspect: SUSPECT, proof: 'unknown' }, 'mismatch'],
  [
    'its row is from another boot',
    { suspect: SUSPECT, proof: 'dead', otherBoot: true },
    'mismatch',
  ],
  ['the budget is used up', { suspect: SUSPECT, recentKills: 3 }, 'stand-down'],
  ['it may not be signalled', { suspect: SUSPECT, forbidden: true }, 'mismatch'],
  ['another service is first', { suspect: SUSPECT, otherFirst: true }, 'wait'],
  ['nobody could look', { suspect: SUSPECT, sighted: false }, 'none'],
  ['intended', { suspect: SUSPECT, kill: kill('intended') }, 'term'],
  ['intended, gone', { suspect: SUSPECT, kill: kill('intended'), proof: 'dead' }, 'end dead'],
  ['intended, not provable', { kill: kill('intended'), proof: 'unknown' }, 'mismatch'],
  ['intended, not seen since', { kill: kill('intended') }, 'wait'],
  ['intended, beats again', { kill: kill('intended'), revived: true }, 'end recovered'],
  ['TERM, in its grace', { kill: kill('term'), inStateMs: 9_999 }, 'wait'],
  ['TERM, grace over', { kill: kill('term'), inStateMs: 10_000 }, 'kill'],
  ['TERM, grace over, blind', { kill: kill('term'), inStateMs: 10_000, sighted: false }, 'kill'],
  [
    'TERM, grace over, not provable',
    { kill: kill('term'), inStateMs: 1e5, proof: 'unknown' },
    'mismatch',
  ],
  ['TERM, gone', { kill: kill('term'), proof: 'dead' }, 'end dead'],
  ['TERM, pid reused', { kill: kill('term'), proof: 'other' }, 'end dead'],
  ['KILL, not gone yet', { kill: kill('kill'), inStateMs: 9_999 }, 'wait'],
  ['KILL, never gone', { kill: kill('kill'), inStateMs: 10_000 }, 'end failed'],
  ['KILL, gone', { kill: kill('kill'), proof: 'dead' }, 'end dead'],
  ['dead, nobody came yet', { kill: kill('dead'), inStateMs: 29_999 }, 'wait'],
  ['dead, nobody came', { kill: kill('dead'), inStateMs: 30_000 }, 'end failed'],
  ['dead, nobody could look', { kill: kill('dead'), inStateMs: 99_999, sighted: false }, 'wait'],
  ['dead, a successor works', { kill: kill('dead'), successor: true }, 'end recovered'],
])('%s: %s', (_name, part, expected) => {
  const step = planLadder({ ...CALM, ...part }, DEFAULT_TIMES);
  expect('as' in step ? `${step.do} ${step.as}` : step.do).toBe(expected);
});
