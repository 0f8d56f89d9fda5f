import type { Group } from './benchmark.ts';
import { broker } from './groups/broker.ts';
import { contended } from './groups/contended.ts';
import { dispatch } from './groups/dispatch.ts';
import { gate } from './groups/gate.ts';
import { idle } from './groups/idle.ts';
import { peers } from './groups/peers.ts';
import { queueDepth } from './groups/queue-depth.ts';
import { sandbox } from './groups/sandbox.ts';
import { takeover } from './groups/takeover.ts';
import { throughput } from './groups/throughput.ts';

/** Every group, in the order in which they run: the quiet ones first. */
export const CATALOGUE: readonly Group[] = [
  idle,
  sandbox,
  gate,
  contended,
  broker,
  throughput,
  dispatch,
  peers,
  takeover,
  queueDepth,
];
