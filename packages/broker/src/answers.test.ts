import { expect, test } from 'vitest';
import { LineCutter } from './answers.ts';
import { chargeOf } from './charge.ts';
import { judgeAnswer } from './outcome.ts';
import { priceOf } from './prices.ts';
import type { Answer } from './wire.ts';

const rates = {
  inputNusdPerMTok: 3_000_000_000,
  cachedInputNusdPerMTok: 300_000_000,
  cacheWriteNusdPerMTok: 3_750_000_000,
  outputNusdPerMTok: 15_000_000_000,
};
const endpoint = {
  name: 'e',
  protocol: 'openai',
  baseUrl: 'https://a.test',
  apiKey: null,
  models: { m: { kind: 'own', rates } },
} as const;

test('usage whose cost no number holds is booked at the bound, and no other call follows', () => {
  const found = priceOf(endpoint, 'm', 0);
  if ('unknown' in found) throw new Error(found.unknown);
  const admitted = { endpoint, model: 'm', price: found.price, boundNusd: 5_000, at: 0 };
  for (const inputTokens of [30_023_997_515_245, Number.MAX_SAFE_INTEGER + 2]) {
    const usage = { inputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 11 };
    const said: Answer = { complete: true, usage, model: 'm', error: null, unpriced: null };
    const { ending, news } = judgeAnswer(said, chargeOf(said, admitted));
    expect(ending.outcome).toBe('answered-without-usage');
    expect(news).toMatchObject({ kind: 'failure', trip: true });
  }
});

test('a long line that comes byte by byte is walked once', () => {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line));
  const byte = Buffer.from('a');
  const began = process.cpuUsage().user;
  for (let i = 0; i < 400_000; i++) cutter.push(byte);
  for (const end of ['\r', '\n', 'b\nc']) cutter.push(Buffer.from(end));
  cutter.end();
  expect(lines.map((it) => it.length)).toEqual([400_000, 1, 1]);
  // Walked once a byte, it takes minutes.
  expect((process.cpuUsage().user - began) / 1_000).toBeLessThan(10_000);
});
