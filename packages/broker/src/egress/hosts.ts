import { isLoopback, literalAddress, type Address } from './addresses.ts';

/** A destination as it will be connected to. */
export interface Destination {
  readonly url: URL;
  /** Canonical: lower case, punycode, no trailing dot, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** How an entry of `allow.hosts` covers a destination. */
export interface Allowed {
  /** The entry names an address or `localhost` outright: private ranges are meant. */
  readonly declared: boolean;
}

/**
 * Reads a URL the way it will be used. Node's URL parser already folds case, punycode and the odd
 * spellings of IPv4 addresses (`0x7f.1`, `2130706433`); a trailing dot names the same host.
 *
 * @returns null for anything but http and https, or with credentials.
 */
export function destinationOf(text: string, base?: URL): Destination | null {
  const url = URL.parse(text, base);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return null;
  if (url.username !== '' || url.password !== '') return null;
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (host === '') return null;
  if (url.hostname.endsWith('.')) url.hostname = host;
  url.hash = '';
  const port = url.port === '' ? defaultPort(url) : Number(url.port);
  return { url, host, port };
}

/**
 * Whether an agent's list covers a destination. Entries are exact names, `*.example.org` (any name
 * below, not `example.org` itself), or either with a port; without one only the scheme's default
 * port is meant.
 */
export function allowedBy(entries: readonly string[], to: Destination): Allowed | null {
  for (const entry of entries) {
    const parsed = parseEntry(entry);
    if (parsed === null || !covers(parsed, to)) continue;
    return { declared: parsed.host === 'localhost' || literalAddress(parsed.host) !== null };
  }
  return null;
}

interface Entry {
  readonly host: string;
  readonly below: boolean;
  readonly port: number | null;
}

function parseEntry(entry: string): Entry | null {
  const below = entry.startsWith('*.');
  const name = below ? entry.slice(2) : entry;
  if (/[/@?#*\s\\]/.test(name) || name === '') return null;
  const to = destinationOf(`http://${name}`);
  if (to === null || (below && literalAddress(to.host) !== null)) return null;
  const port = /:(\d{1,5})$/.exec(name.replace(/^\[[^\]]*\]/, ''))?.[1];
  return { host: to.host, below, port: port === undefined ? null : Number(port) };
}

function covers(entry: Entry, to: Destination): boolean {
  const port = entry.port ?? defaultPort(to.url);
  if (port !== to.port) return false;
  return entry.below ? to.host.endsWith(`.${entry.host}`) : to.host === entry.host;
}

function defaultPort(url: URL): number {
  return url.protocol === 'https:' ? 443 : 80;
}

/**
 * The addresses that may be connected to: public ones; with a declared entry also the address it
 * names, and for `localhost` this machine's own.
 */
export function vetted(
  host: string,
  found: readonly Address[],
  allowed: Allowed,
  isPublic: (address: Address) => boolean,
): readonly Address[] {
  if (!allowed.declared) return found.filter(isPublic);
  if (host === 'localhost') return found.filter(isLoopback);
  return found;
}
