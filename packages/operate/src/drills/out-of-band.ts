import { EXIT, NightshiftError, drillReason, type Instance } from '@nightshift/domain';
import { expectThat, type Drill, type DrillScene } from '../drill.ts';
import { halt } from '../halt.ts';
import { resumeOwn, services } from './kill-switch.ts';

/** Ticks in which the watchdog looks and writes, and a busy machine. */
const MARGIN_MS = 20_000;

/** Stops the worker as a wedge would, and looks whether the watchdog ends and replaces it. */
export const outOfBand: Drill = {
  name: 'out-of-band',
  doc: 'a worker that is wedged is killed from outside, and another one lives',
  async run(scene) {
    const worker = await provenWorker(scene);
    const { times } = await scene.installation.settings();
    await scene.quiet();
    // Halted, so that nothing is claimed by the worker that is about to die.
    await halt(scene.installation, { reason: drillReason(scene.id), now: true });
    await services(scene, 'say halted', (phase) => phase === 'halted');
    await scene.quiet();
    expectThat(scene.processes.signal(worker, 'SIGSTOP') === 'sent', 'it cannot be stopped');
    await scene.note(`worker pid ${worker.pid} is stopped`);
    const bound = times.silentMs + times.termGraceMs + MARGIN_MS;
    await scene.until('the worker to be dead', bound, () => {
      return ['dead', 'other'].includes(scene.processes.liveness(worker));
    });
    // The signal comes first and its row after it.
    await scene.until('the watchdog to have done it', MARGIN_MS, () => wasKilled(scene, worker));
    await scene.note('the watchdog ended it');
    await scene.until('another worker', times.recoverMs + MARGIN_MS, () => lives(scene, worker));
    await scene.note('another worker goes round');
  },
  async clean(scene) {
    const lives = await scene.store.instances.running('worker');
    for (const life of lives) scene.processes.signal(life, 'SIGCONT');
    await resumeOwn(scene);
  },
};

async function provenWorker({ store, processes, watched }: DrillScene): Promise<Instance> {
  const lives = await store.instances.current();
  const worker = lives.find((it) => it.service === 'worker');
  if (!watched || worker === undefined || processes.liveness(worker) !== 'alive') {
    throw new NightshiftError('drill-impossible', 'no worker and watchdog run here', {
      fix: 'nightshift up, or start the units, then again',
      retryable: true,
      exitCode: EXIT.tryAgain,
    });
  }
  return worker;
}

async function wasKilled(scene: DrillScene, worker: Instance): Promise<boolean> {
  const watch = await scene.installation.watchStore();
  const kills = (await watch?.killsSince(scene.begunAt)) ?? [];
  return kills.some((it) => it.instance === worker.id && it.killAt !== null);
}

async function lives({ store, processes }: DrillScene, before: Instance): Promise<boolean> {
  const worker = (await store.instances.current()).find((it) => it.service === 'worker');
  if (worker === undefined || worker.id === before.id || worker.loopSeq < 2) return false;
  return processes.liveness(worker) === 'alive';
}
