import fc from 'fast-check';
import { chargeOf } from '../../../packages/broker/src/charge.ts';
import { judgeAnswer } from '../../../packages/broker/src/outcome.ts';
import { admittedAt, RATES } from '../admitted.ts';
import { cuts, pieces } from '../mutate.ts';
import { defineTarget } from '../target.ts';
import { sampleOf, WIRE_IDS } from '../wire-samples.ts';

const PER_MTOK = 1_000_000n;

/** Counts from one to more than any provider can mean. None for an answer is not believed. */
const tokens = fc.oneof(
  fc.integer({ min: 1, max: 5_000 }),
  fc.integer({ min: 1, max: 2_000_000_000 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);

const inputs = fc.constantFrom(...WIRE_IDS).chain((id) =>
  fc.record({
    id: fc.constant(id),
    answer: fc.constantFrom(...sampleOf(id).answers),
    fresh: tokens,
    cached: tokens,
    output: tokens,
    cut: cuts,
  }),
);

/** No call is booked below its bill, reckoned here a second time from the provider's counts. */
export const bills = defineTarget('bills', 100, inputs, (input) => {
  const { id, answer, cut, output, ...counts } = input;
  const { wire, bodies } = sampleOf(id);
  const body = bodies[0]!;
  const cached = answer.text.includes('CACHED') ? counts.cached : 0;
  const total = counts.fresh + cached;
  const text = filled(answer.text, { IN: total, OUT: output, CACHED: cached, FRESH: counts.fresh });
  const context = { protocol: 'openai', host: 'a.test', defaultOutputTokens: 64 } as const;
  const call = { ...wire.normalise(JSON.parse(body), context), stream: answer.stream };
  const admitted = admittedAt(wire.bound(call, body.length));
  const reader = wire.usage(call);
  for (const piece of pieces(Buffer.from(text), cut)) reader.push(piece);
  const said = reader.answer();
  const { ending, news } = judgeAnswer(said, chargeOf(said, admitted));
  const billed =
    BigInt(counts.fresh) * BigInt(RATES.inputNusdPerMTok) +
    BigInt(cached) * BigInt(RATES.cachedInputNusdPerMTok) +
    (answer.text.includes('OUT') ? BigInt(output) * BigInt(RATES.outputNusdPerMTok) : 0n);
  const bill = (billed + PER_MTOK - 1n) / PER_MTOK;
  const booked = ending.outcome === 'answered' ? ending.actualNusd! : admitted.boundNusd;
  if (BigInt(booked) >= bill) return;
  // A count that no number holds is none, and without usage the bound is what counts.
  if (!Number.isSafeInteger(total)) return;
  // Of a sum that no number holds the bound is booked, and nothing more may be sent.
  if (bill > BigInt(Number.MAX_SAFE_INTEGER) && news.kind === 'failure' && news.trip) return;
  throw new Error(`booked ${booked} of a bill of ${bill}`);
});

function filled(text: string, counts: Readonly<Record<string, number>>): string {
  return text.replace(/\b(IN|OUT|CACHED|FRESH)\b/g, (name) => String(counts[name]));
}
