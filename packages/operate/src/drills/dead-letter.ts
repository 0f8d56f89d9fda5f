import { DRILL_AGENT } from '@nightshift/domain';
import { expectThat, UNWATCHED, type Drill } from '../drill.ts';
import { endJobs, requireJob } from './drill-job.ts';
import { incidentOf } from './incident-of.ts';

/** A job that fails for good is kept with its reason, and somebody is told. */
export const deadLetter: Drill = {
  name: 'dead-letter',
  doc: 'a job that can never succeed becomes a dead letter, and is told',
  async run(scene) {
    const { fence } = await requireJob(scene);
    const error = { code: 'drill', message: 'this job was made to die' };
    expectThat(
      await scene.store.jobs.settle(fence, { kind: 'dead', error }),
      'the end of the job was not accepted',
    );
    const dead = await scene.store.jobs.get(fence.job);
    expectThat(dead?.state === 'dead', `the job is ${dead?.state ?? 'gone'}, not dead`);
    expectThat(dead?.lastError?.code === 'drill', 'the dead letter does not say why');
    await scene.note('the job is a dead letter with its reason');
    if (!scene.watched) return scene.note(UNWATCHED);
    await scene.until('the alert of the dead letter', 30_000, () =>
      incidentOf(scene, (it) => it.rule === 'dead-letter' && it.title.includes(DRILL_AGENT)),
    );
    await scene.note('the watchdog told of it');
  },
  clean: (scene) => endJobs(scene),
};
