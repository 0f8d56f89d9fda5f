import { NightshiftError, RefusedError, backoffMs, uuidv7 } from '@nightshift/domain';
import type { Hold, HttpRequest, HttpResponse, Principal } from '@nightshift/domain';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOnce } from './body.ts';
import type { BreakerDoor } from './breaker-door.ts';
import type { Admitted } from './charge.ts';
import { boundOf } from './cost.ts';
import type { Plan } from './endpoints.ts';
import { giveUpKey, GiveUps } from './give-ups.ts';
import type { Limits } from './limits.ts';
import { type Failure, type TryContext, tryOnce } from './model-try.ts';
import type { BrokerOptions } from './options.ts';
import { priceOf } from './prices.ts';
import { refuse } from './refusals.ts';

/** One request of one attempt. */
export interface Asked {
  readonly who: Principal;
  readonly request: HttpRequest;
  readonly plan: Plan;
  readonly signal: AbortSignal;
}

/**
 * Model calls, from a plan to an answer: replay or price, bound, and then tries, each with a hold
 * of its own. Retries happen here and nowhere else.
 */
export class ModelCalls {
  readonly #options: BrokerOptions;
  readonly #limits: Limits;
  readonly #door: BreakerDoor;
  readonly #giveUps: GiveUps<Failure>;

  constructor(options: BrokerOptions, limits: Limits, door: BreakerDoor) {
    this.#options = options;
    this.#limits = limits;
    this.#door = door;
    this.#giveUps = new GiveUps(limits.giveUpMs, () => options.clock.monotonic());
  }

  /** The journalled answer of the same call of this job, if it was paid for before. */
  async replay({ who, request, plan }: Asked): Promise<HttpResponse | null> {
    const { step, ordinal } = request;
    const { ledger } = this.#options;
    const kept = await ledger.journalled(who.job, step, ordinal, plan.requestHash);
    if (kept === null) return null;
    const { status, headers, body } = kept;
    return { status, headers, body: bytesOnce(body) };
  }

  /**
   * Makes the call.
   *
   * @returns the answer, also a provider's refusal after the last try.
   * @throws RefusedError by any gate; NightshiftError `call-*` when there is no answer.
   */
  async run(asked: Asked): Promise<HttpResponse> {
    const admitted = this.#admit(asked.plan);
    const key = giveUpKey(asked.who, asked.request, asked.plan.requestHash);
    const before = this.#giveUps.find(key);
    if (before !== undefined) return deliver(before);
    const secret = this.#secretOf(asked.plan);
    const context: TryContext = {
      options: this.#options,
      limits: this.#limits,
      door: this.#door,
      asked,
      admitted,
      secret,
      owner: uuidv7(this.#options.clock),
    };
    const tried = await this.#tries(context);
    if ('response' in tried) return tried.response;
    if (tried.failure.retry) this.#giveUps.remember(key, tried.failure);
    return deliver(tried.failure);
  }

  /** The gates of price and bound. */
  #admit({ endpoint, wire, call, body }: Plan): Admitted {
    const at = this.#options.clock.now();
    const { model } = call;
    const found = priceOf(endpoint, model, at);
    if ('unknown' in found) throw refuse('price-unknown', found.unknown);
    const { price } = found;
    const bound = wire.bound(call, body.byteLength);
    if (price.inputOnly && bound.outputTokens > 0) {
      throw refuse('price-unknown', `there is no price for output of ${model}`);
    }
    const boundNusd = boundOf(price.worst(bound.inputTokens), bound);
    return { endpoint, model, price, boundNusd, at };
  }

  #secretOf({ endpoint }: Plan): string | null {
    if (endpoint.apiKey === null) return null;
    const value = this.#options.secret(endpoint.apiKey)?.trim() ?? '';
    if (value !== '') return value;
    throw new NightshiftError('secret-missing', `no key for endpoint ${endpoint.name}`, {
      at: endpoint.name,
      fix: `set ${endpoint.apiKey.env} for the worker`,
    });
  }

  async #tries(context: TryContext): Promise<{ response: HttpResponse } | { failure: Failure }> {
    for (let n = 1; ; n++) {
      const hold = await this.#enter(context);
      const tried = await tryOnce(context, hold);
      if ('response' in tried) return tried;
      if ('again' in tried) {
        if (n < this.#limits.tries) continue;
        throw refuse('hold-stale', 'connecting takes longer than a hold stays fresh');
      }
      const { failure } = tried;
      const waitMs = this.#waitMs(failure, n);
      if (waitMs === null) return tried;
      await this.#pause(waitMs, context);
    }
  }

  /** Breaker and reserve: the last gates before the connection. */
  async #enter({ asked, admitted, owner }: TryContext): Promise<Hold> {
    const { who, request, plan } = asked;
    const endpoint = plan.endpoint.name;
    const closed = await this.#door.enter(endpoint, owner);
    if (closed !== null) throw new RefusedError(closed);
    const reserved = await this.#options.ledger.reserve({
      principal: who,
      step: request.step,
      ordinal: request.ordinal,
      endpoint,
      model: plan.call.model,
      priceVersion: admitted.price.version,
      boundNusd: admitted.boundNusd,
      requestHash: plan.requestHash,
    });
    if ('hold' in reserved) return reserved.hold;
    await this.#door.tell(endpoint, owner, { kind: 'nothing' });
    throw new RefusedError(reserved.refused);
  }

  /** Ms until the next try after `n`, or null when this was the last. */
  #waitMs(failure: Failure, n: number): number | null {
    if (!failure.retry || n >= this.#limits.tries) return null;
    const { callBackoff, retryAfterMaxMs } = this.#limits;
    const asks = failure.retryAfterMs ?? 0;
    if (asks > retryAfterMaxMs) return null;
    return Math.max(asks, backoffMs(callBackoff, n, this.#options.random));
  }

  async #pause(ms: number, { asked }: TryContext): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: asked.signal });
    } catch {
      throw new NightshiftError('call-aborted', 'aborted while waiting to try again', {
        at: asked.plan.endpoint.name,
        retryable: true,
      });
    }
  }
}

function deliver({ response, error }: Failure): HttpResponse {
  if (response === undefined) throw error;
  const { status, headers, body } = response;
  return { status, headers, body: bytesOnce(body) };
}
