/** Sentences beyond this many are not compared: the work grows with their square. */
const UNITS_MAX = 400;
const UNIT_CHARS_MAX = 400;
/** Damping and number of rounds of PageRank; it has settled long before. */
const DAMPING = 0.85;
const ROUNDS = 30;

/** A sentence or a line, in the order of the text. */
interface Unit {
  readonly text: string;
  readonly line: number;
  readonly words: ReadonlySet<string>;
}

/**
 * The sentences of `text` that are most like the rest of it, in their order, up to `maxChars`
 * characters. Deterministic; ties go to the earlier sentence.
 *
 * TextRank (Mihalcea and Tarau, "TextRank: Bringing Order into Texts", EMNLP 2004): sentences are
 * a graph, two are as near as the words they share over the logarithms of their lengths, and
 * PageRank over that graph is the score.
 */
export function extract(text: string, maxChars: number): string {
  const units = split(text);
  const scores = rank(units);
  const best = units.map((_, i) => i).toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  const chosen: number[] = [];
  let chars = 0;
  for (const i of best) {
    chars += units[i]!.text.length + 1;
    if (chars > maxChars && chosen.length > 0) break;
    chosen.push(i);
  }
  return join(chosen.toSorted((a, b) => a - b).map((i) => units[i]!)).slice(0, maxChars);
}

function split(text: string): Unit[] {
  const units: Unit[] = [];
  const seen = new Set<string>();
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  for (const [line, content] of text.split('\n').entries()) {
    for (const { segment } of segmenter.segment(content.slice(0, UNIT_CHARS_MAX * 50))) {
      const unit = segment.trim().slice(0, UNIT_CHARS_MAX);
      const words = wordsOf(unit);
      if (words.size === 0 || seen.has(unit)) continue;
      seen.add(unit);
      units.push({ text: unit, line, words });
      if (units.length === UNITS_MAX) return units;
    }
  }
  return units;
}

/** Words of three letters or more: shorter ones are mostly glue. */
function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}

function rank(units: readonly Unit[]): number[] {
  const nearness = units.map((a, i) => units.map((b, j) => (i === j ? 0 : near(a, b))));
  const totals = nearness.map((row) => row.reduce((sum, value) => sum + value, 0));
  let scores = units.map(() => 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    scores = scores.map((_, i) => {
      let sum = 0;
      for (let j = 0; j < units.length; j += 1) {
        if (totals[j]! > 0) sum += (nearness[j]![i]! / totals[j]!) * scores[j]!;
      }
      return 1 - DAMPING + DAMPING * sum;
    });
  }
  return scores;
}

function near(a: Unit, b: Unit): number {
  const [few, many] = a.words.size < b.words.size ? [a.words, b.words] : [b.words, a.words];
  let shared = 0;
  for (const word of few) if (many.has(word)) shared += 1;
  // One more than the length, so that two one-word sentences do not divide by zero.
  return shared / (Math.log(a.words.size + 1) + Math.log(b.words.size + 1));
}

/** Sentences of one line stay on one line. */
function join(units: readonly Unit[]): string {
  let text = '';
  for (const [i, unit] of units.entries()) {
    const before = units[i - 1];
    if (before !== undefined) text += before.line === unit.line ? ' ' : '\n';
    text += unit.text;
  }
  return text;
}
