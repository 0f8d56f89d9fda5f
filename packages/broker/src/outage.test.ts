import { BREAKER_POLICY } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { PERSON, ask, openRig, reasonOf } from '../test/rig.ts';

/** An hour of calls. */
const CALLS = 40;
const EVERY_MS = 90_000;
/** Cool-downs of an hour: 30 s, doubling up to 15 min, each with one probe behind it. */
const PROBES_MAX = 8;

test('an outage that swallows calls opens the breaker, and what was presumed can be corrected', async () => {
  const rig = await openRig({ broker: { limits: { callMaxMs: 100, tries: 1 } } });
  rig.server.script([{ hang: 'before-headers', times: 'always' }]);
  const reasons: string[] = [];
  for (let i = 0; i < CALLS; i++) {
    reasons.push(await reasonOf(ask(rig, {}, i)));
    rig.clock.advance(EVERY_MS);
  }
  const refused = reasons.filter((it) => it === 'breaker-open');
  expect(refused.length).toBeGreaterThanOrEqual(CALLS - BREAKER_POLICY.threshold - PROBES_MAX);
  const rows = await rig.rows();
  expect(rows).toHaveLength(CALLS - refused.length);
  // Somebody does look whether it is over.
  expect(rows.length).toBeGreaterThan(BREAKER_POLICY.threshold);
  expect(rows.every(({ state, outcome }) => state === 'presumed' && outcome === 'timeout')).toBe(
    true,
  );

  const { ledger, audit } = rig.store;
  const presumed = rows.reduce((sum, { boundNusd }) => sum + boundNusd, 0);
  const [day] = await ledger.windows();
  expect(day).toMatchObject({ settledNusd: 0, heldNusd: 0, presumedNusd: presumed });
  for (const { id } of rows) {
    await ledger.correct({ id, toNusd: 0, reason: 'the provider billed nothing' }, PERSON);
  }
  expect((await ledger.windows())[0]).toMatchObject({ settledNusd: 0, presumedNusd: 0 });
  expect((await audit.list(100)).map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(rows.map(({ id }) => id)),
  );
  expect(await ledger.verify()).toEqual([]);
});
