/** A body that is all there. */
export async function* bytesOnce(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

/** More bytes came than are taken. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

/** Reads a body to its end. @throws TooLarge beyond `maxBytes`, and whatever the body throws. */
export async function readAll(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new TooLarge(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
