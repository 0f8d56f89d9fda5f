import type {
  Budget,
  Hold,
  HoldRequest,
  Ledger,
  NewJob,
  Principal,
  Refusal,
  WindowState,
} from '@nightshift/domain';
import { parseUsd } from '@nightshift/domain';
import type { Connection } from '../src/connection.ts';
import { connectionOf } from '../src/store-connection.ts';
import { running, type World } from './world.ts';

/** A lease that no test outlives. */
const FOR_EVER = Date.parse('9000-01-01T00:00:00Z');

/** The connection itself, to look at rows and to break them. */
export function sql(world: World): Connection {
  return connectionOf(world.store).db;
}

/** A job that runs, as its worker knows it. */
export async function principal(
  world: World,
  key: string,
  over: Partial<NewJob> = {},
): Promise<Principal> {
  const fence = await running(world, key, over);
  await world.store.jobs.renew(fence, FOR_EVER);
  const { job, attempt, token: leaseToken } = fence;
  return { job, attempt, leaseToken, agent: over.agent ?? 'digest', instance: 'worker-1' };
}

let calls = 0;

/** A call that may cost `bound` dollars. */
export function call(
  by: Principal,
  bound: `$${number}`,
  over: Partial<HoldRequest> = {},
): HoldRequest {
  return {
    principal: by,
    step: '',
    ordinal: 0,
    endpoint: 'local',
    model: 'small',
    priceVersion: 'table-1',
    boundNusd: parseUsd(bound),
    requestHash: `request-${calls++}`,
    ...over,
  };
}

/** Reserves, and fails the test when that is refused. */
export async function held(ledger: Ledger, request: HoldRequest): Promise<Hold> {
  const answer = await ledger.reserve(request);
  if ('hold' in answer) return answer.hold;
  throw new Error(`refused: ${answer.refused.message}`);
}

/** Reserves, and fails the test when that is admitted. */
export async function refused(ledger: Ledger, request: HoldRequest): Promise<Refusal> {
  const answer = await ledger.reserve(request);
  if ('refused' in answer) return answer.refused;
  throw new Error(`admitted at ${request.boundNusd} nano-dollars`);
}

/** Caps as `'global day'` or `'agent:x job'` and dollars; each call is a newer configuration. */
export async function budgets(
  world: World,
  caps: Readonly<Record<string, `$${number}`>>,
  timezone = 'UTC',
): Promise<void> {
  const rows = Object.entries(caps).map(([name, cap]) => {
    const [scope, window] = name.split(' ') as [Budget['scope'], Budget['window']];
    return { scope, window, capNusd: parseUsd(cap) };
  });
  if (!(await world.store.ledger.setBudgets(rows, ++calls, timezone))) throw new Error('older');
}

/** The window as it stands now. */
export async function standing(world: World, name: string): Promise<WindowState> {
  const windows = await world.store.ledger.windows();
  const found = windows.find((w) => `${w.scope} ${w.window}` === name);
  if (found === undefined) throw new Error(`no window ${name} counts now`);
  return found;
}

/** Settled, held and presumed of a window, in nano-dollars. */
export async function counters(world: World, name: string): Promise<readonly number[]> {
  const w = await standing(world, name);
  return [w.settledNusd, w.heldNusd, w.presumedNusd];
}
