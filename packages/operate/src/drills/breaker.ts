import { BREAKER_POLICY, DRILL_AGENT } from '@nightshift/domain';
import { expectThat, UNWATCHED, type Drill } from '../drill.ts';
import { closedAddress, openDoor } from './drill-door.ts';
import { endJobs, requireJob } from './drill-job.ts';
import { incidentOf } from './incident-of.ts';

/** An endpoint that cannot be reached is cut off after the failures of the policy. */
export const breaker: Drill = {
  name: 'breaker',
  doc: 'an endpoint that fails again and again is cut off, for every process',
  async run(scene) {
    const address = await closedAddress();
    const door = await openDoor(scene, address, { kind: 'free' });
    const other = await openDoor(scene, address, { kind: 'free' });
    try {
      const { principal } = await requireJob(scene);
      for (let n = 1; n <= BREAKER_POLICY.threshold; n++) {
        const result = await door.call(principal);
        expectThat(result.kind === 'failed', `call ${n} to nobody was ${result.kind}`);
      }
      await scene.note(`${BREAKER_POLICY.threshold} calls to an address where nobody listens`);
      const row = await scene.store.breakers.get(DRILL_AGENT);
      expectThat(row.state === 'open', `the breaker is ${row.state}, not open`);
      const next = await other.call(principal);
      const refused = next.kind === 'refused' && next.code.startsWith('breaker');
      expectThat(refused, `the next call was ${next.kind}, not refused by the breaker`);
      await scene.note('the breaker is open; the next call, through another door, is refused');
      if (!scene.watched) await scene.note(UNWATCHED);
      else {
        await scene.until('the alert of the breaker', 30_000, () =>
          incidentOf(scene, (it) => it.key === `breaker-open:${DRILL_AGENT}`),
        );
        await scene.note('the watchdog raised it');
      }
    } finally {
      await door.close();
      await other.close();
    }
  },
  async clean(scene) {
    await endJobs(scene);
    await scene.store.breakers.reset(DRILL_AGENT, scene.installation.actor);
  },
};
