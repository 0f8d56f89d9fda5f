import { sanitiseLine, UNBILLED_STATUSES } from '@nightshift/domain';
import type { CallOutcome, Ending, Nusd } from '@nightshift/domain';
import { asObject, errorOf, parseObject } from './answers.ts';
import type { BreakerNews } from './breaker-door.ts';
import type { Answer, AnswerError } from './wire.ts';

/**
 * What each way a call can end means: for the hold (the outcome table), for the breaker, and for
 * another try. Pure, so that each row of the table is one test.
 */
export interface Judgement {
  readonly ending: Ending;
  readonly news: BreakerNews;
  /** The same request may succeed later and costs no more than another hold. */
  readonly retry: boolean;
}

/** Ways to end without an answer. */
export type Lost = 'never-left' | 'cut' | 'timeout' | 'aborted';

/** No answer, or not the whole of one. `why` is safe to keep. */
export function judgeLost(how: Lost, why: string): Judgement {
  const ending: Ending = { outcome: how, detail: sanitiseLine(why) };
  if (how === 'aborted') return { ending, news: { kind: 'nothing' }, retry: false };
  const news = { kind: 'failure', reason: sanitiseLine(why), trip: false } as const;
  return { ending, news, retry: how === 'never-left' };
}

/** Statuses after which the same request may succeed later. */
const RETRY_STATUSES: ReadonlySet<number> = new Set([429, 503, 529]);
/** A client error that says something about the endpoint or its key, not about the payload. */
const ENDPOINT_STATUSES: ReadonlySet<number> = new Set([401, 402, 403, 408, 429]);

/**
 * An answer with a status other than 200, read to its end. A 402 (the account is empty) opens the
 * breaker at once, and is presumed: no provider documents it as a refusal before any work, and
 * aggregators send it in the middle of what they pass on.
 */
export function judgeStatus(status: number, body: string): Judgement {
  const parsed = parseObject(body);
  const error = parsed === null ? null : errorOf(parsed);
  const reason = reasonOf(`status ${status}`, error);
  const billed = asObject(parsed?.['usage']) !== null;
  const unbilled = UNBILLED_STATUSES.has(status) && !billed;
  const outcome: CallOutcome = unbilled ? 'rejected-unbilled' : 'server-error';
  const broke = status === 402 || isQuota(error);
  const payloads = status >= 400 && status < 500 && !ENDPOINT_STATUSES.has(status) && !broke;
  return {
    ending: { outcome, status, detail: reason },
    news: payloads ? { kind: 'alive' } : { kind: 'failure', reason, trip: broke },
    retry: !broke && (RETRY_STATUSES.has(status) || status >= 500),
  };
}

/** What an answer with status 200 cost, by the prices of the model asked for and of the one named. */
export interface Charge {
  readonly boundNusd: Nusd;
  /** Null when it cannot be known: no usage, or an unknown price. */
  readonly actualNusd: Nusd | null;
  /** The answer names a model that is not the one asked for. */
  readonly otherModel: string | null;
  /** It says more tokens than a number can hold the cost of. */
  readonly beyond?: true;
}

/** An answer with status 200, as far as it came. */
export function judgeAnswer(answer: Answer, charge: Charge): Judgement {
  if (answer.error !== null) {
    const reason = reasonOf('an error inside of status 200', answer.error);
    const news = { kind: 'failure', reason, trip: isQuota(answer.error) } as const;
    return { ending: { outcome: 'server-error', status: 200, detail: reason }, news, retry: false };
  }
  const doubt = doubtOf(answer, charge);
  const news: BreakerNews =
    doubt === null ? { kind: 'success' } : { kind: 'failure', reason: doubt, trip: true };
  return { ending: endingOf(answer, charge, doubt), news, retry: false };
}

function endingOf(answer: Answer, charge: Charge, doubt: string | null): Ending {
  const detail = doubt === null ? {} : { detail: doubt };
  const known = answer.usage === null ? {} : { usage: usageOf(answer.usage) };
  if (charge.actualNusd === null || answer.usage === null) {
    return { outcome: 'answered-without-usage', status: 200, ...known, ...detail };
  }
  const actual = { actualNusd: charge.actualNusd };
  return { outcome: 'answered', status: 200, ...actual, ...known, ...detail };
}

/** Trouble with the bill of an answer that is otherwise fine: one more call is one too many. */
function doubtOf(answer: Answer, charge: Charge): string | null {
  if (charge.otherModel !== null) {
    return sanitiseLine(`the answer came from another model: ${charge.otherModel}`);
  }
  if (answer.unpriced !== null) return answer.unpriced;
  if (charge.beyond === true) return 'the usage it reports is beyond any number';
  if (charge.actualNusd !== null && charge.actualNusd > charge.boundNusd) {
    return `cost ${charge.actualNusd} nano-dollars, above the bound of ${charge.boundNusd}`;
  }
  return null;
}

function usageOf(usage: NonNullable<Answer['usage']>): NonNullable<Ending['usage']> {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens } = usage;
  return { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens };
}

/** Codes and sentences with which providers say that the account is empty. */
const QUOTA_CODES: ReadonlySet<string | null> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_balance',
  'insufficient_credits',
]);
const QUOTA_WORDS =
  /credit balance|insufficient (?:quota|balance|funds|credits?)|exceeded your current quota/i;

function isQuota(error: AnswerError | null): boolean {
  if (error === null) return false;
  return QUOTA_CODES.has(error.code) || QUOTA_WORDS.test(error.message);
}

function reasonOf(what: string, error: AnswerError | null): string {
  if (error === null) return what;
  return sanitiseLine(`${what}: ${error.code ?? error.message}`);
}
