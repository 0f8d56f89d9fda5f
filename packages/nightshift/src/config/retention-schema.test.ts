import { expect, test } from 'vitest';
import { DEFAULT_RETENTION } from '@nightshift/domain';
import { mistakesOf, parse } from '../../test/parse.ts';

const agents = { a: { entry: './a.ts' } };
const DAY = 86_400_000;

test('ages are filled in where none is given', () => {
  expect(parse({ agents }).retention).toEqual(DEFAULT_RETENTION);
  const { retention } = parse({ agents, retention: { jobs: '7d', audit: '3650d' } });
  expect(retention).toEqual({ ...DEFAULT_RETENTION, jobsMs: 7 * DAY, auditMs: 3_650 * DAY });
});

test.each([
  [{ jobs: '-1d' }, 'retention.jobs', /is not a time/],
  [{ jobs: -30 }, 'retention.jobs', /should be a time/],
  [{ jobs: '1h' }, 'retention.jobs', /too short: at least 1d/],
  [{ slots: '4000d' }, 'retention.slots', /too long: at most 3650d/],
  [{ spend: '30d' }, 'retention.spend', /too short: at least 31d/],
  [{ job: '30d' }, 'retention.job', /did you mean "jobs"/],
])('%j is refused', (retention, path, message) => {
  const [mistake, ...others] = mistakesOf({ agents, retention });
  expect([mistake?.split(': ', 1)[0], others]).toEqual([path, []]);
  expect(mistake).toMatch(message);
});

test.each([
  [{ concurrency: -1 }, 'concurrency'],
  [{ maxWait: '-5m' }, 'maxWait'],
  [{ budget: { perDay: '-$1.00' } }, 'budget.perDay'],
  [{ times: { lease: '-1s' } }, 'times.lease'],
  [{ agents: { a: { entry: './a.ts', attempts: -3 } } }, 'agents.a.attempts'],
  [{ agents: { a: { entry: './a.ts', timeout: '0m' } } }, 'agents.a.timeout'],
  [{ agents: { a: { entry: './a.ts', concurrency: 0 } } }, 'agents.a.concurrency'],
  [{ agents: { a: { entry: './a.ts', memoryMb: 1e9 } } }, 'agents.a.memoryMb'],
  [{ agents: { a: { entry: './a.ts', catchUp: { all: -1 } } } }, 'agents.a.catchUp'],
])('an absurd number is refused with its place: %j', (over, path) => {
  const places = mistakesOf({ agents, ...over }).map((it) => it.split(': ', 1)[0]);
  expect(places).toEqual([path]);
});
