/** What a property list can hold, as far as launchd is told anything. */
export type PropertyValue =
  | string
  | number
  | true
  | readonly PropertyValue[]
  | { readonly [key: string]: PropertyValue };

/** One key of a property list, and why its value is what it is. */
export interface Entry {
  readonly key: string;
  readonly value: PropertyValue;
  readonly why?: readonly string[];
}

/** The XML form of plist(5), with the reasons as comments. Pure. */
export function propertyList(list: readonly Entry[]): string {
  const lines = list.flatMap(({ key, value, why }) => [
    ...comment(why ?? []),
    `<key>${escaped(key)}</key>`,
    ...valueLines(value),
  ]);
  const doctype =
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
    '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">';
  const head = ['<?xml version="1.0" encoding="UTF-8"?>', doctype, '<plist version="1.0">'];
  return [...head, '<dict>', ...indented(lines), '</dict>', '</plist>', ''].join('\n');
}

function comment(why: readonly string[]): string[] {
  if (why.length === 0) return [];
  const [first, ...rest] = why;
  return `<!-- ${[first, ...rest.map((it) => `     ${it}`)].join('\n')} -->`.split('\n');
}

function valueLines(value: PropertyValue): string[] {
  if (value === true) return ['<true/>'];
  if (typeof value === 'number') return [`<integer>${value}</integer>`];
  if (typeof value === 'string') return [`<string>${escaped(value)}</string>`];
  if (Array.isArray(value)) {
    const items = (value as readonly PropertyValue[]).flatMap(valueLines);
    return ['<array>', ...indented(items), '</array>'];
  }
  const pairs = Object.entries(value).flatMap(([name, it]) => [
    `<key>${escaped(name)}</key>`,
    ...valueLines(it),
  ]);
  return ['<dict>', ...indented(pairs), '</dict>'];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((it) => `  ${it}`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
