/** One side of a comparison: does one operation. */
export type Side = (n: number) => Promise<void> | void;

export interface Samples {
  readonly ours: number[];
  readonly peer: number[];
}

/** Operations of one side before it is the other's turn. */
const BLOCK = 10;

/**
 * Times both sides in turns, so that whatever else the machine does falls on both. The first round
 * warms up and is not counted; who begins changes with every block.
 * @param perRound operations of each side in a round
 * @returns milliseconds of each operation
 */
export async function takeTurns(
  sides: { readonly ours: Side; readonly peer: Side },
  rounds: number,
  perRound: number,
): Promise<Samples> {
  const samples: Samples = { ours: [], peer: [] };
  let n = 0;
  for (let round = 0; round <= rounds; round++) {
    for (let block = 0; block < perRound / BLOCK; block++) {
      const order = block % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
      for (const side of order) {
        for (let i = 0; i < BLOCK; i++) {
          const ms = await timed(sides[side], n++);
          if (round > 0) samples[side].push(ms);
        }
      }
    }
  }
  return samples;
}

async function timed(side: Side, n: number): Promise<number> {
  const startedAt = performance.now();
  await side(n);
  return performance.now() - startedAt;
}
