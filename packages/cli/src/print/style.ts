/** What a piece of text means; colours follow from it, and only where a person looks. */
export type Tone = 'plain' | 'good' | 'bad' | 'warn' | 'dim' | 'strong' | 'accent';

/** Select Graphic Rendition codes (ECMA-48, 8.3.117): on, off. The 16 basic colours only, because
 * people choose those themselves. */
const CODES: Readonly<Record<Exclude<Tone, 'plain'>, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  dim: [2, 22],
  strong: [1, 22],
  accent: [36, 39],
};

/** Puts colour on text that is already safe to print. */
export type Paint = (tone: Tone, text: string) => string;

/** A painter; without colours it leaves the text alone. */
export function painter(colours: boolean): Paint {
  return (tone, text) => {
    if (!colours || tone === 'plain' || text === '') return text;
    const [on, off] = CODES[tone];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
