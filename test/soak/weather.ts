import type { Seeded } from './seeded.ts';

/** What the provider does wrong with the next calls, and how slow it is at most. */
export function modelWeather(
  random: Seeded,
  { calls, delayMaxMs }: { readonly calls: number; readonly delayMaxMs: number },
): object[] {
  return Array.from({ length: calls }, () =>
    random.weighted<() => object>([
      [70, () => ({ delayMs: random.int(20, delayMaxMs) })],
      [5, () => ({ status: 429, retryAfter: random.int(1, 20) })],
      [5, () => ({ status: 500 })],
      [3, () => ({ status: 500, accepted: true })],
      [3, () => ({ status: 503 })],
      [2, () => ({ status: 529 })],
      [4, () => ({ cutAfterChunks: random.int(0, 10) })],
      [2, () => ({ resetBeforeByte: true })],
      [2, () => ({ resetBeforeByte: true, accepted: true })],
      [1, () => ({ hang: 'before-headers' })],
      [1, () => ({ hang: 'mid-stream', afterChunks: 3 })],
      [2, () => ({ omitUsage: true })],
      [1, () => ({ errorBodyWith200: true })],
      [2, () => ({ chunkDelayMs: random.int(5, 200) })],
    ])(),
  );
}

/** The provider is gone. */
export function outage(random: Seeded): object[] {
  return [
    random.pick([
      { status: 503, times: 'always' },
      { status: 529, times: 'always' },
      { resetBeforeByte: true, times: 'always' },
    ]),
  ];
}

/** A receiver of alerts fails for its next messages, or until it is told otherwise. */
export function channelWeather(random: Seeded): object[] {
  return random.weighted<() => object[]>([
    [3, () => [{ status: 500, times: random.int(1, 6) }]],
    [3, () => [{ status: 429, retryAfter: random.int(5, 300), times: random.int(1, 3) }]],
    // It took the message and did not say so: the message comes twice.
    [2, () => [{ resetBeforeByte: true, accepted: true, times: 2 }]],
    [2, () => [{ hang: 'before-headers', times: 2 }]],
    [1, () => [{ status: 404, times: 'always' }]],
  ])();
}
