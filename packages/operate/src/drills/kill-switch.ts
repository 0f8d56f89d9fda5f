import { drillReason, type ServiceName } from '@nightshift/domain';
import { endOwnHalt, stopFile } from '@nightshift/lifecycle';
import { DrillSkipped, expectThat, UNWATCHED, type Drill, type DrillScene } from '../drill.ts';
import { halt } from '../halt.ts';
import { readHalt } from '../halt-state.ts';
import { openDoor, startProvider } from './drill-door.ts';
import { claimJob, endJobs, requireJob } from './drill-job.ts';
import { incidentOf } from './incident-of.ts';

/** A halt is seen within a second; beats follow in two. */
const SEEN_MS = 15_000;
const OBEDIENT: ReadonlySet<ServiceName> = new Set(['scheduler', 'worker']);

/** Halts everything, looks whether anything still leaves or starts, and resumes. */
export const killSwitch: Drill = {
  name: 'kill-switch',
  doc: 'after a halt no call leaves and no job starts; after resume both do',
  async run(scene) {
    await scene.quiet();
    const provider = await startProvider();
    const door = await openDoor(scene, provider.url, { kind: 'free' });
    try {
      const { principal } = await requireJob(scene);
      const before = await door.call(principal);
      expectThat(before.kind === 'answered', `a call before the halt was ${before.kind}`);
      const result = await halt(scene.installation, { reason: drillReason(scene.id), now: true });
      expectThat(result.row && result.file !== null, 'file and row could not both be written');
      const during = await door.call(principal);
      const refused = during.kind === 'refused' && during.code === 'halted';
      expectThat(refused, `a call while halted was ${during.kind}, not refused`);
      expectThat(provider.count === 1, 'bytes left while halted');
      expectThat((await claimJob(scene)) === null, 'a job could be claimed while halted');
      await scene.note('halted: a call is refused, nothing arrived, no job can be claimed');
      await services(scene, 'say halted', (phase) => phase === 'halted');
      if (!scene.watched) await scene.note(UNWATCHED);
      else {
        await scene.until('the watchdog to tell of the halt', 30_000, () =>
          incidentOf(scene, (it) => it.rule === 'halted'),
        );
        await scene.note('the watchdog told of it');
      }
      await resumeOwn(scene);
      await services(scene, 'go on', (phase) => phase !== 'halted');
      const after = await door.call(principal);
      expectThat(after.kind === 'answered', `a call after the resume was ${after.kind}`);
      await scene.note('resumed: calls leave again');
    } finally {
      await door.close();
      await provider.close();
    }
  },
  async clean(scene) {
    await endJobs(scene);
    await resumeOwn(scene);
  },
};

/**
 * Ends the halt of this drill, and nobody else's.
 * @throws DrillSkipped when somebody else has halted meanwhile: that stays.
 */
export async function resumeOwn(scene: DrillScene): Promise<void> {
  const { id, installation, store } = scene;
  const file = stopFile(installation.paths.stopFile);
  await endOwnHalt(file, store.control, drillReason(id), installation.actor);
  const { halted, who } = await readHalt(installation);
  if (!halted) return;
  const what = `${who ?? 'somebody'} has halted meanwhile, and it stays halted`;
  await scene.note(what);
  throw new DrillSkipped(what);
}

/** Waits until each of the services that run is in such a phase. */
export async function services(
  scene: DrillScene,
  what: string,
  is: (phase: string) => boolean,
): Promise<void> {
  const { store, processes } = scene;
  const alive = (await store.instances.current()).filter(
    (it) => OBEDIENT.has(it.service) && processes.liveness(it) === 'alive',
  );
  if (alive.length === 0) return scene.note('no service runs that could be asked');
  const names = alive.map((it) => it.service).join(' and ');
  await scene.until(`${names} to ${what}`, SEEN_MS, async () => {
    const now = await store.instances.current();
    return alive.every(({ id }) => is(now.find((it) => it.id === id)?.phase ?? 'stopped'));
  });
  await scene.note(`${names} ${what}`);
}
