import { parentPort, workerData } from 'node:worker_threads';
import type { RunRequest } from './target.ts';
import { TARGETS } from './targets.ts';

/** What `main.ts` gives a worker: one target, and where to count inputs. */
export interface Order extends Omit<RunRequest, 'each'> {
  readonly name: string;
  readonly begun: SharedArrayBuffer;
}

const { name, begun, ...request } = workerData as Order;
const counter = new Int32Array(begun);
const target = await TARGETS[name]!();
const report = await target.run({ ...request, each: () => void Atomics.add(counter, 0, 1) });
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort!.postMessage(report);
