/** Summaries of samples. Pure; an empty list has no summary and is an error of the caller. */

export interface Summary {
  readonly median: number;
  /** 10th and 90th percentile: what most samples lie between. */
  readonly low: number;
  readonly high: number;
  readonly max: number;
  readonly count: number;
}

/**
 * The value below which a share of the samples lies, by linear interpolation between the two
 * nearest (the definition R calls type 7).
 * @param share 0 to 1
 * @throws RangeError without samples, or for a share outside 0 to 1.
 */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('no samples');
  if (!(share >= 0 && share <= 1)) throw new RangeError(`${share} is not a share`);
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

/** The middle of the samples. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Median and spread. */
export function summarise(samples: readonly number[]): Summary {
  return {
    median: median(samples),
    low: quantile(samples, 0.1),
    high: quantile(samples, 0.9),
    max: quantile(samples, 1),
    count: samples.length,
  };
}

/** A number as a person reads it: three significant digits, none invented. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
