/**
 * The worker: takes a job, runs it in a sandbox behind the broker, records the outcome. `service.ts`
 * puts it together, `worker.ts` is its pass, `run-attempt.ts` one attempt, `takeover.ts` what it does
 * about workers that died, and `settlement.ts` the pure decision what becomes of a job.
 */
import { runService } from '@nightshift/lifecycle';
import { openStore } from '@nightshift/store';
import { startWorker } from './service.ts';

const only = process.argv.includes('--only');

await runService({
  // A bounded run is a life of its own: a second one beside the worker is not a restart of it.
  name: only ? 'run' : 'worker',
  openStore: ({ paths, clock }) => openStore({ stateDir: paths.dir, clock, mode: 'existing' }),
  start: startWorker,
});
