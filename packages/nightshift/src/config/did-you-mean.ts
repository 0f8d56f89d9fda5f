/**
 * The candidate that was probably meant, or null. At most two typing errors, and never more than a
 * third of the word, so that short words do not match anything.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const limit = Math.min(2, Math.max(1, Math.floor(word.length / 3)));
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity)) {
      best = { word: candidate, distance };
    }
  }
  return best?.word ?? null;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours between two words: the optimal
 * string alignment distance (Boytsov, "Indexing methods for approximate dictionary searching",
 * 2011).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
