/** Text of others with everything escaped that Markdown or HTML would act on. */
export function inert(text: string, maxLength = 300): string {
  return text.slice(0, maxLength).replace(/[\\`*_[\]<>]/g, '\\$&');
}

/** `1 file`, `2 files`. */
export function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
