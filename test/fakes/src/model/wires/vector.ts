/** Numbers in an embedding that was asked for without a size. */
const DIMENSIONS = 8;

/** An embedding of a text: the same for the same text, of length 1, and meaning nothing. */
export function vectorOf(text: string, dimensions: unknown = DIMENSIONS): number[] {
  const bytes = Buffer.from(text);
  const size = typeof dimensions === 'number' ? dimensions : DIMENSIONS;
  const raw = Array.from({ length: size }, (_, at) => {
    const own = bytes.filter((_byte, index) => index % size === at);
    return own.reduce((sum, byte) => sum + byte, 1 + at);
  });
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
}
