import fc from 'fast-check';
import { canonicalJson, RefusedError } from '@nightshift/domain';
import { parseBody } from '../../../packages/broker/src/json-body.ts';
import { MAX_TOKENS } from '../../../packages/broker/src/wire.ts';
import { requireHarmless } from '../harmless.ts';
import { mutatedBytes } from '../mutate.ts';
import { defineTarget } from '../target.ts';
import { PROTOCOLS, sampleOf, WIRE_IDS } from '../wire-samples.ts';

const BODY_MAX = 4 * 1024 * 1024;

const inputs = fc
  .constantFrom(...WIRE_IDS)
  .chain((id) => fc.record({ id: fc.constant(id), bytes: bytesFor(id) }));

/**
 * A body is refused with its path, or it is known whole: written anew it is the same call, and its
 * bound is a number that covers the bytes and the output it asks for.
 */
export const wires = defineTarget('wires', 100, inputs, ({ id, bytes }) => {
  const { wire } = sampleOf(id);
  const context = {
    protocol: PROTOCOLS[wire.id]!,
    host: 'a.test',
    defaultOutputTokens: 64,
  };
  let call;
  try {
    call = wire.normalise(parseBody(bytes, BODY_MAX), context);
  } catch (thrown) {
    if (!(thrown instanceof RefusedError)) throw thrown;
    requireHarmless(thrown.message, 'the refusal');
    return;
  }
  const text = JSON.stringify(call.body);
  const again = wire.normalise(parseBody(Buffer.from(text), BODY_MAX), context);
  if (canonicalJson(again.body) !== canonicalJson(call.body))
    throw new Error('another call, read again');
  const size = Buffer.byteLength(text);
  const { inputTokens, outputTokens } = wire.bound(call, size);
  const counts = Number.isSafeInteger(inputTokens) && Number.isSafeInteger(outputTokens);
  if (!counts || inputTokens < size || outputTokens < 0 || outputTokens > 128 * MAX_TOKENS) {
    throw new Error(`a bound of ${inputTokens} and ${outputTokens} tokens`);
  }
});

function bytesFor(id: string): fc.Arbitrary<Uint8Array> {
  const { bodies, words } = sampleOf(id);
  return mutatedBytes(bodies, words);
}
