import fc from 'fast-check';
import { AnswerStream } from '../../../packages/broker/src/answer-stream.ts';
import { chargeOf } from '../../../packages/broker/src/charge.ts';
import { DEFAULT_LIMITS } from '../../../packages/broker/src/limits.ts';
import { judgeAnswer, judgeStatus, type Judgement } from '../../../packages/broker/src/outcome.ts';
import { admittedAt } from '../admitted.ts';
import { requireHarmless } from '../harmless.ts';
import { cuts, mutatedBytes, pieces } from '../mutate.ts';
import { defineTarget } from '../target.ts';
import { sampleOf, WIRE_IDS } from '../wire-samples.ts';

const WORDS = ['data: ', 'usage', '_tokens', '"error":', '[DONE]', '\n'];
const COUNTS = { IN: '12', OUT: '3', CACHED: '2', FRESH: '10' };

const inputs = fc.constantFrom(...WIRE_IDS).chain((id) =>
  fc.constantFrom(...sampleOf(id).answers).chain(({ stream, text }) =>
    fc.record({
      id: fc.constant(id),
      stream: fc.constant(stream),
      bytes: mutatedBytes([filled(text)], WORDS),
      cut: cuts,
      status: fc.constantFrom(200, 200, 200, 200, 429, 500),
    }),
  ),
);

/**
 * Whatever a provider answers, in whatever pieces: the call is booked exactly once, at what the
 * answer says or at its bound, and never at less than nothing.
 */
export const answers = defineTarget('answers', 100, inputs, async (input) => {
  const { id, stream, bytes, cut, status } = input;
  const { wire, bodies } = sampleOf(id);
  const body = bodies[0]!;
  const context = { protocol: 'openai', host: 'a.test', defaultOutputTokens: 64 } as const;
  const call = { ...wire.normalise(JSON.parse(body), context), stream };
  const admitted = admittedAt(wire.bound(call, body.length));
  if (status !== 200) {
    check(judgeStatus(status, Buffer.from(bytes).toString('utf8')));
    return;
  }
  const judge = (said: Parameters<typeof chargeOf>[0]) =>
    judgeAnswer(said, chargeOf(said, admitted));
  const reader = wire.usage(call);
  if (!stream) {
    for (const piece of pieces(bytes, cut)) reader.push(piece);
    check(judge(reader.answer()));
    return;
  }
  const booked: Judgement[] = [];
  const answering = {
    headers: {},
    body: (async function* () {
      yield* pieces(bytes, cut);
    })(),
    signal: new AbortController().signal,
    lost: (thrown: unknown) => {
      throw thrown;
    },
    close: () => undefined,
  };
  const passed = new AnswerStream({
    answer: answering,
    reader,
    limits: DEFAULT_LIMITS,
    judge,
    settle: async (judged) => void booked.push(judged),
    lost: () => new Error('never') as never,
    moved: () => undefined,
    done: () => undefined,
    log: () => undefined,
  });
  while ((await passed.next()).done !== true);
  if (booked.length !== 1) throw new Error(`booked ${booked.length} times`);
  check(booked[0]!);
});

function check({ ending, news }: Judgement): void {
  const { outcome, actualNusd, detail } = ending;
  const isAmount = Number.isSafeInteger(actualNusd) && (actualNusd ?? -1) >= 0;
  if ((outcome === 'answered') !== isAmount) throw new Error(`${outcome} at ${actualNusd}`);
  if (detail !== undefined) requireHarmless(detail, 'the detail');
  if (news.kind === 'failure') requireHarmless(news.reason, 'the reason');
}

function filled(text: string): string {
  return text.replace(/\b(IN|OUT|CACHED|FRESH)\b/g, (name) => COUNTS[name as keyof typeof COUNTS]);
}
