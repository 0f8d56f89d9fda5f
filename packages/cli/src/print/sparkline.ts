const BARS = '▁▂▃▄▅▆▇█';

/**
 * A line of bars, one a number, the highest for the greatest. Nothing is `·`: a day without spend
 * and a day with little are not the same.
 */
export function sparkline(numbers: readonly number[]): string {
  const most = Math.max(0, ...numbers);
  return numbers
    .map((n) => {
      if (n <= 0) return '·';
      const step = Math.ceil((n / most) * BARS.length) - 1;
      return BARS[Math.max(0, step)];
    })
    .join('');
}
