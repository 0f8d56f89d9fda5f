import { join } from 'node:path';
import { type Budget, type Principal, agentScope, systemClock } from '@nightshift/domain';
import { NIGHTSHIFT_DB, type Store, openStore } from '@nightshift/store';
import { ticketHandle } from '@nightshift/store/tickets';
import { requireFullSync } from './raw.ts';

export const AGENT = 'bench';
/** What a call may cost, and what it did cost. */
export const BOUND_NUSD = 1_000_000;
export const ACTUAL_NUSD = 400_000;
/** A thousand dollars each: no call of a benchmark is refused. */
const CAP_NUSD = 1_000_000_000_000;
const HOUR_MS = 3_600_000;

/** Every window that a call can count in: six counters, as with caps of everybody and of the agent. */
const WINDOWS: readonly Budget[] = (['hour', 'day', 'month'] as const).flatMap((window) => [
  { scope: 'global' as const, window, capNusd: CAP_NUSD },
  { scope: agentScope(AGENT), window, capNusd: CAP_NUSD },
]);

/** A store with caps, and a job that runs. */
export interface LedgerScene {
  readonly store: Store;
  readonly file: string;
  readonly principal: Principal;
}

/** Opens a new store in an empty folder, at the durability that is promised. */
export async function openLedgerScene(stateDir: string): Promise<LedgerScene> {
  const store = await openStore({ stateDir, clock: systemClock, mode: 'create' });
  requireFullSync(ticketHandle(store), 'the store');
  await store.ledger.setBudgets(WINDOWS, 1, 'UTC');
  const principal = await runningJob(store, 'instance');
  return { store, file: join(stateDir, NIGHTSHIFT_DB.file), principal };
}

/** Enqueues a job and claims it for longer than any benchmark takes. */
export async function runningJob(store: Store, instance: string): Promise<Principal> {
  const key = crypto.randomUUID();
  const actor = { kind: 'person', name: 'bench' } as const;
  const { job } = await store.jobs.enqueue({ key, agent: AGENT, input: {}, maxAttempts: 1 }, actor);
  const claim = await store.jobs.claim({
    job: job?.id ?? '',
    instance,
    leaseUntil: systemClock.now() + HOUR_MS,
    maxRunningOfAgent: 1_000,
    source: null,
  });
  if (claim === null) throw new Error('the job of the benchmark was not claimed');
  const { job: id, attempt, token: leaseToken } = claim.fence;
  return { job: id, attempt, agent: AGENT, instance, leaseToken };
}

/** One call through the gate. @throws Error when it is refused. */
export async function reserve(
  { store, principal }: Pick<LedgerScene, 'store' | 'principal'>,
  n: number,
): Promise<string> {
  const answer = await store.ledger.reserve({
    principal,
    step: 'step',
    ordinal: n,
    endpoint: 'local',
    model: 'small',
    priceVersion: 'bench-1',
    boundNusd: BOUND_NUSD,
    requestHash: `request-${n}`,
  });
  if ('hold' in answer) return answer.hold.id;
  throw new Error(`refused: ${answer.refused.message}`);
}

/** Its end, with an actual. */
export async function settle({ store }: Pick<LedgerScene, 'store'>, hold: string): Promise<void> {
  const usage = { inputTokens: 90, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 24 };
  const ending = { outcome: 'answered', actualNusd: ACTUAL_NUSD, status: 200, usage } as const;
  if (!(await store.ledger.end(hold, ending))) throw new Error('the hold had ended before');
}
