import { NightshiftError, RefusedError } from '@nightshift/domain';
import type {
  AllowSettings,
  HttpRequest,
  HttpResponse,
  Principal,
  Refusal,
} from '@nightshift/domain';
import { admit } from './admission.ts';
import { BreakerDoor } from './breaker-door.ts';
import { Denials } from './denials.ts';
import { Egress } from './egress.ts';
import { endpointsFor, type Plan, planCall } from './endpoints.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { ModelCalls } from './model-call.ts';
import type { BrokerOptions } from './options.ts';
import { denied, refuse } from './refusals.ts';

/** The guarded door out. Knows no transport: whoever carries requests here is the caller's choice. */
export interface Broker {
  /**
   * One request of an agent: a model call when its URL lies under an endpoint, else a plain fetch.
   *
   * @throws RefusedError when a gate says no; NightshiftError when there is no answer. The body of
   * the answer may throw the same while it is read.
   */
  handle(who: Principal, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /** Puts a refusal of another gate on record, counted with the broker's own. Never rejects. */
  refused(who: Principal, refusal: Refusal): Promise<void>;
  /** Ends what is in flight, which books it as aborted, and takes nothing more. Idempotent. */
  close(): Promise<void>;
}

/** Builds the broker of one process. */
export function createBroker(options: BrokerOptions): Broker {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const door = new BreakerDoor(options.breakers, limits.breaker, () => options.clock.now());
  const calls = new ModelCalls(options, limits, door);
  const egress = new Egress(options);
  const denials = new Denials(options.denied, options.log);
  const closing = new AbortController();

  const handle: Broker['handle'] = async (who, request, signal) => {
    const either = AbortSignal.any([signal, closing.signal]);
    if (either.aborted) {
      throw new NightshiftError('call-aborted', 'aborted before it began', { retryable: true });
    }
    await gateOfEntry(options, who);
    const allow = allowanceOf(options, who);
    const url = parseUrl(request.url);
    const candidates = endpointsFor(options.endpoints, url);
    const [nearest] = candidates;
    if (nearest === undefined) {
      return egress.fetch(request, { agent: who.agent, allow, signal: either });
    }
    const allowed = { models: options.models, allow };
    const plan = planned(() => planCall(candidates, url, request, allowed, limits));
    const asked = { who, request, signal: either };
    return modelCall(calls, door, nearest.name, plan, asked);
  };
  return {
    handle: async (who, request, signal) => {
      try {
        return await handle(who, request, signal);
      } catch (thrown) {
        if (thrown instanceof RefusedError) await denials.note(who, thrown.refusal);
        throw thrown;
      }
    },
    refused: async (who, refusal) => denials.note(who, refusal),
    close: async () => {
      closing.abort();
    },
  };
}

async function gateOfEntry(options: BrokerOptions, who: Principal): Promise<void> {
  const { stopFile, control, jobs, clock } = options;
  const refused = await admit({ stopFile, control, jobs, now: () => clock.now() }, who);
  if (refused !== null) throw new RefusedError(refused);
}

type Planned = { readonly plan: Plan } | { readonly denial: unknown };

function planned(make: () => Plan): Planned {
  try {
    return { plan: make() };
  } catch (denial) {
    return { denial };
  }
}

/**
 * The order of the gates: what was paid for is replayed whatever the breaker says; and an open
 * breaker speaks before a body that is wrong.
 */
async function modelCall(
  calls: ModelCalls,
  door: BreakerDoor,
  nearest: string,
  planned: Planned,
  asked: { who: Principal; request: HttpRequest; signal: AbortSignal },
): Promise<HttpResponse> {
  const plan = 'plan' in planned ? planned.plan : null;
  const replayed = plan === null ? null : await calls.replay({ ...asked, plan });
  if (replayed !== null) return replayed;
  const open = await door.look(plan?.endpoint.name ?? nearest);
  if (open !== null) throw new RefusedError(open);
  if ('denial' in planned) throw planned.denial;
  return calls.run({ ...asked, plan: planned.plan });
}

function allowanceOf(options: BrokerOptions, who: Principal): AllowSettings {
  const allow = Object.hasOwn(options.agents, who.agent) ? options.agents[who.agent] : undefined;
  if (allow === undefined) throw refuse('host-denied', `${who.agent} is not configured here`);
  return allow;
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw denied('url', 'is not a URL');
  if (url.username !== '' || url.password !== '') throw denied('url', 'carries credentials');
  return url;
}
