import { CALL_MAX_MS, errorFacts, NightshiftError } from '@nightshift/domain';
import type { Hold, HttpResponse, JournalledResponse } from '@nightshift/domain';
import { AnswerStream } from './answer-stream.ts';
import { bytesOnce, readAll, TooLarge } from './body.ts';
import type { BreakerDoor } from './breaker-door.ts';
import { type Admitted, chargeOf } from './charge.ts';
import { type Answering, exchange } from './exchange.ts';
import { passedHeaders } from './headers.ts';
import type { Limits } from './limits.ts';
import type { Asked } from './model-call.ts';
import type { BrokerOptions } from './options.ts';
import { type Judgement, judgeAnswer, judgeLost, judgeStatus } from './outcome.ts';
import { refuse } from './refusals.ts';
import { retryAfterMs } from './retry-after.ts';
import { isStopped } from './stop-file.ts';
import type { Answer } from './wire.ts';

/** What every try of one call shares. */
export interface TryContext {
  readonly options: BrokerOptions;
  readonly limits: Limits;
  readonly door: BreakerDoor;
  readonly asked: Asked;
  readonly admitted: Admitted;
  readonly secret: string | null;
  /** Name of this call at a half-open breaker. */
  readonly owner: string;
}

/** A try that gave no usable answer: a provider's refusal to hand on, or nothing at all. */
export interface Failure {
  readonly retry: boolean;
  readonly retryAfterMs: number | null;
  readonly response?: JournalledResponse;
  readonly error: NightshiftError;
}

/** `again`: the hold was stale before the first byte; take another. */
type Tried = { response: HttpResponse } | { failure: Failure } | { again: true };

/** One try under one hold. The hold is ended when this returns, or when the streamed body ends. */
export async function tryOnce(context: TryContext, hold: Hold): Promise<Tried> {
  const { options, asked, limits } = context;
  const settle = settler(context, hold);
  let stopped = false;
  const done = options.watch?.begin(options.clock.now() + limits.callMaxMs) ?? (() => undefined);
  const sent = await exchange({
    url: asked.plan.url,
    headers: requestHeaders(context),
    body: asked.plan.body,
    connectTimeoutMs: limits.connectTimeoutMs,
    signal: asked.signal,
    deadline: AbortSignal.timeout(Math.min(limits.callMaxMs, CALL_MAX_MS)),
    mayLeave: async () => {
      const fresh = await options.ledger.sent(hold.id);
      stopped = await isStopped(options.stopFile);
      return fresh && !stopped;
    },
  });
  if (sent.kind === 'answer') {
    return sent.status === 200
      ? readAnswer(context, sent.answer, settle, done)
      : readRefusal(context, sent.status, sent.answer, settle, done);
  }
  done();
  if (sent.kind === 'held-back') return heldBack(stopped, settle);
  const judged = judgeLost(sent.how, sent.why);
  // Aborted while connecting: says nothing about the endpoint.
  const known = asked.signal.aborted ? { ...judged, news: NOTHING, retry: false } : judged;
  return { failure: await lose(context, known, settle) };
}

/** Books the end of the hold once, and tells the breaker. */
export type Settle = (judgement: Judgement, journal?: JournalledResponse) => Promise<void>;

function settler({ options, door, asked, owner }: TryContext, hold: Hold): Settle {
  const endpoint = asked.plan.endpoint.name;
  return async ({ ending, news }, journal) => {
    const counted = await options.ledger.end(
      hold.id,
      journal === undefined ? ending : { ...ending, journal },
    );
    const { outcome, detail } = ending;
    if (!counted) options.log('warn', 'the hold had ended before', { hold: hold.id, outcome });
    if (news.kind === 'failure') {
      const { model } = asked.plan.call;
      options.log('warn', 'call failed', { endpoint, model, outcome, detail: detail ?? '' });
    }
    await door.tell(endpoint, owner, news).catch((thrown: unknown) => {
      options.log('error', 'breaker not written', { endpoint, error: errorFacts(thrown).code });
    });
  };
}

/** The last checks said no: nothing left, so the hold is released. @throws RefusedError halted. */
async function heldBack(stopped: boolean, settle: Settle): Promise<Tried> {
  const why = stopped ? 'halted before the first byte' : 'the hold was stale';
  await settle({ ending: { outcome: 'never-left', detail: why }, news: NOTHING, retry: false });
  if (stopped) throw refuse('halted', 'a STOP file is there');
  return { again: true };
}

const NOTHING = { kind: 'nothing' } as const;

async function lose(context: TryContext, judged: Judgement, settle: Settle): Promise<Failure> {
  await settle(judged);
  const { outcome, detail } = judged.ending;
  const error = lostError(context, outcome, detail ?? outcome);
  return { retry: judged.retry, retryAfterMs: null, error };
}

function lostError(context: TryContext, outcome: string, why: string): NightshiftError {
  const { name, baseUrl } = context.asked.plan.endpoint;
  return new NightshiftError(`call-${outcome}`, `call to ${name}: ${why}`, {
    at: name,
    fix: outcome === 'never-left' ? `is ${new URL(baseUrl).host} reachable?` : undefined,
    retryable: true,
  });
}

/** Error bodies are read to their end: usage in them would mean that something was billed. */
const ERROR_BYTES = 1024 * 1024;

async function readRefusal(
  context: TryContext,
  status: number,
  answer: Answering,
  settle: Settle,
  done: () => void,
): Promise<Tried> {
  try {
    const body = redact(await readAll(answer.body, ERROR_BYTES), context.secret);
    const judged = judgeStatus(status, Buffer.from(body).toString('utf8'));
    await settle(judged);
    const headers = [...passedHeaders(answer.headers), ['x-should-retry', 'false'] as const];
    const detail = judged.ending.detail ?? `status ${status}`;
    return {
      failure: {
        retry: judged.retry,
        retryAfterMs: retryAfterMs(answer.headers, context.options.clock.now()),
        response: { status, headers, body },
        error: lostError(context, 'refused', detail),
      },
    };
  } catch (thrown) {
    return { failure: await lose(context, judgeBroken(answer, thrown), settle) };
  } finally {
    answer.close();
    done();
  }
}

function judgeBroken(answer: Answering, thrown: unknown): Judgement {
  if (thrown instanceof TooLarge) return judgeLost('cut', `cut: the answer is ${thrown.message}`);
  const { how, why } = answer.lost(thrown);
  return judgeLost(how, why);
}

async function readAnswer(
  context: TryContext,
  answer: Answering,
  settle: Settle,
  done: () => void,
): Promise<Tried> {
  const { wire, call } = context.asked.plan;
  const headers = passedHeaders(answer.headers);
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  if (!call.stream || /^application\/json\b/i.test(type)) {
    return readWhole(context, answer, settle, done);
  }
  const body = new AnswerStream({
    answer,
    reader: wire.usage(call),
    limits: context.limits,
    judge: (said) => judge(context, said),
    settle: (judged, bytes) =>
      settle(judged, bytes === null ? undefined : { status: 200, headers, body: bytes }),
    lost: (outcome, why) => lostError(context, outcome, why),
    moved: () => context.options.watch?.progress(),
    done,
    log: context.options.log,
  });
  return { response: { status: 200, headers, body } };
}

async function readWhole(
  context: TryContext,
  answer: Answering,
  settle: Settle,
  done: () => void,
): Promise<Tried> {
  const { wire, call } = context.asked.plan;
  const headers = passedHeaders(answer.headers);
  let body: Uint8Array;
  try {
    body = redact(await readAll(answer.body, context.limits.answerBytes), context.secret);
  } catch (thrown) {
    return { failure: await lose(context, judgeBroken(answer, thrown), settle) };
  } finally {
    answer.close();
    done();
  }
  const reader = wire.usage({ ...call, stream: false });
  reader.push(body);
  const said = reader.answer();
  const judged = judge(context, said);
  const kept = said.complete && body.byteLength <= context.limits.journalBytes;
  await settle(judged, kept ? { status: 200, headers, body } : undefined);
  return { response: { status: 200, headers, body: bytesOnce(body) } };
}

function judge({ admitted }: TryContext, said: Answer): Judgement {
  return judgeAnswer(said, chargeOf(said, admitted));
}

/** A key that a provider echoes goes no further than this process. */
function redact(body: Uint8Array, secret: string | null): Uint8Array {
  if (secret === null || !Buffer.from(body).includes(secret)) return body;
  return Buffer.from(Buffer.from(body).toString('utf8').replaceAll(secret, '[redacted]'));
}

/** Every header that is sent; nothing of the payload's own is among them. */
function requestHeaders({ asked, options, secret }: TryContext): Record<string, string> {
  const { wire, call, endpoint, headers } = asked.plan;
  const key = endpoint.protocol === 'anthropic' ? 'x-api-key' : 'authorization';
  const value = endpoint.protocol === 'anthropic' ? secret : `Bearer ${secret}`;
  return {
    'content-type': 'application/json',
    accept: call.stream ? wire.streamType : 'application/json',
    'accept-encoding': 'identity',
    'user-agent': options.userAgent,
    ...headers,
    ...(secret === null || value === null ? {} : { [key]: value }),
  };
}
