import {
  NightshiftError,
  agentScope,
  committedNusd,
  formatUsd,
  windowEnd,
  type HoldRequest,
  type Refusal,
  type RefusalReason,
  type WindowState,
} from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import type { Stretch } from './believed-time.ts';

/**
 * Says why the counted statement of a reserve said no, with the numbers it saw. Runs in the same
 * transaction before it is rolled back; it decides nothing.
 *
 * @throws NightshiftError `window-missing` when nothing but a missing row can be the reason.
 */
export function explainRefusal(
  db: Connection,
  request: HoldRequest,
  windows: string,
  now: number,
  stretch: Stretch,
): Refusal {
  const refusal =
    byGate(db, request, now) ?? byCallCap(db, request) ?? byWindow(db, request, windows, stretch);
  if (refusal === undefined) throw windowMissing(request.principal.job);
  return refusal;
}

/** A counter row that must be there is not: nothing is admitted without all of them. */
export function windowMissing(job: string): NightshiftError {
  return new NightshiftError('window-missing', 'a budget window of this call has no row', {
    at: job,
    fix: 'run `nightshift spend verify`',
  });
}

function byGate(db: Connection, request: HoldRequest, now: number): Refusal | undefined {
  const { job, agent } = request.principal;
  const gate = db.one<Gate>(GATE, { job, agent })!;
  if (gate.halted === 1) {
    return { reason: 'halted', message: `halted: ${gate.haltReason ?? 'no reason given'}` };
  }
  const lost = leaseLost(gate, request, now);
  if (lost !== undefined) return { reason: 'lease-lost', message: `job ${job}: ${lost}` };
  if (gate.paused !== 1) return undefined;
  return { reason: 'agent-paused', message: `agent ${agent} is paused` };
}

function byCallCap(db: Connection, { principal, boundNusd }: HoldRequest): Refusal | undefined {
  const scope = agentScope(principal.agent);
  const cap = db.one<CapRow>(CALL_CAP, { scope, bound: boundNusd });
  if (cap === undefined) return undefined;
  const window: WindowState = { ...cap, window: 'call', key: principal.job, ...NOTHING_SPENT };
  return { reason: 'cap-call', message: sentence(window, boundNusd, false), window };
}

function byWindow(
  db: Connection,
  { boundNusd }: HoldRequest,
  windows: string,
  stretch: Stretch,
): Refusal | undefined {
  const [full] = db
    .all<WindowState & { budgeted: 0 | 1 }>(WINDOWS, { windows })
    .filter((w) => committedNusd(w) + boundNusd > w.capNusd)
    .toSorted((a, b) => rank(a) - rank(b));
  if (full === undefined) return undefined;
  const { budgeted, ...window } = full;
  const reason: RefusalReason = `cap-${window.window}`;
  const message = sentence(window, boundNusd, budgeted === 0);
  if (window.window === 'job' || window.window === 'call') return { reason, message, window };
  const until = windowEnd(window.window, stretch.from, stretch.timezone);
  return { reason, message, window, until };
}

interface Gate {
  readonly halted: 0 | 1;
  readonly haltReason: string | null;
  readonly paused: 0 | 1 | null;
  readonly state: string | null;
  readonly agent: string | null;
  readonly instance: string | null;
  readonly token: string | null;
  readonly leaseUntil: number | null;
  readonly claims: number | null;
}

type CapRow = Pick<WindowState, 'scope' | 'capNusd'>;

const NOTHING_SPENT = { settledNusd: 0, heldNusd: 0, presumedNusd: 0 };

function leaseLost(gate: Gate, { principal }: HoldRequest, now: number): string | undefined {
  if (gate.state === null) return 'there is no such job';
  if (gate.state !== 'running') return `it is ${gate.state}, not running`;
  if (gate.claims !== principal.attempt) {
    return `attempt ${principal.attempt} was replaced by attempt ${gate.claims}`;
  }
  const same =
    gate.token === principal.leaseToken &&
    gate.instance === principal.instance &&
    gate.agent === principal.agent;
  if (!same) return 'the lease belongs to somebody else';
  return (gate.leaseUntil ?? 0) < now ? 'the lease ran out' : undefined;
}

/**
 * A job's own cap first, because waiting does not help it; then the window that stays shut longest,
 * so that a job is not woken each hour to be told that the month is spent.
 */
function rank(w: WindowState): number {
  return RANKS.indexOf(w.window) * 2 + (w.scope === 'global' ? 0 : 1);
}

const RANKS: readonly string[] = ['job', 'month', 'day', 'hour'];

function sentence(w: WindowState, boundNusd: number, unbudgeted: boolean): string {
  const whose = w.scope === 'global' ? '' : ` of ${w.scope.replace(':', ' ')}`;
  const name = w.window === 'call' ? 'one call' : `${w.window} ${w.key}`;
  const cap = `cap ${formatUsd(w.capNusd)}${unbudgeted ? ' (none is configured)' : ''}`;
  const bound = `a call that may cost ${formatUsd(boundNusd)} does not fit`;
  if (w.window === 'call') return `${bound} the cap of ${name}${whose}: ${cap}`;
  return (
    `${bound} the ${name}${whose}: ${cap}, settled ${formatUsd(w.settledNusd)}, ` +
    `held ${formatUsd(w.heldNusd)}, presumed ${formatUsd(w.presumedNusd)}`
  );
}

const GATE = `
  SELECT c.halted, c.reason AS haltReason, a.paused, j.state, j.agent, j.instance,
         j.lease_token AS token, j.lease_until AS leaseUntil, j.claims
  FROM control c
  LEFT JOIN jobs j ON j.id = :job
  LEFT JOIN agents a ON a.name = :agent
  WHERE c.id = 1`;

const CALL_CAP = `
  SELECT scope, cap_nusd AS capNusd FROM budgets
  WHERE window = 'call' AND scope IN ('global', :scope) AND cap_nusd < :bound
  ORDER BY cap_nusd LIMIT 1`;

const WINDOWS = `
  SELECT w.scope, w.window, w.key, coalesce(b.cap_nusd, 0) + w.raised_nusd AS capNusd,
         w.settled_nusd AS settledNusd, w.held_nusd AS heldNusd, w.presumed_nusd AS presumedNusd,
         b.cap_nusd IS NOT NULL OR w.raised_nusd > 0 AS budgeted
  FROM budget_windows w
  LEFT JOIN budgets b ON b.scope = w.scope AND b.window = w.window
  WHERE w.id IN (SELECT value FROM json_each(:windows))`;
