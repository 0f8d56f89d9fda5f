import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** One address a name resolved to. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Resolves a name to all its addresses. Never called for a name that is not allowed. */
export type Resolve = (name: string) => Promise<readonly Address[]>;

/** The system's resolver. */
export const systemResolve: Resolve = async (name) => {
  const found = await lookup(name, { all: true, order: 'verbatim' });
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
};

/** An address written out, or null for a name. */
export function literalAddress(host: string): Address | null {
  const bare = host.replace(/^\[|\]$/g, '');
  const family = isIP(bare);
  return family === 4 || family === 6 ? { address: bare, family } : null;
}

/**
 * True for addresses of the public internet: global unicast, without the ranges of the IANA special
 * purpose registries (RFC 6890 and its updates): private, loopback, link-local, shared (CGNAT),
 * documentation, multicast; in IPv6 also everything that carries an IPv4 address inside (mapped,
 * NAT64, 6to4, Teredo), because it would lead back to the ranges above.
 */
export function isPublicAddress({ address, family }: Address): boolean {
  if (family === 4) return !SPECIAL.check(address, 'ipv4');
  return GLOBAL_V6.check(address, 'ipv6') && !SPECIAL.check(address, 'ipv6');
}

/** True for addresses of this machine. */
export function isLoopback({ address, family }: Address): boolean {
  return LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const GLOBAL_V6 = new BlockList();
GLOBAL_V6.addSubnet('2000::', 3, 'ipv6');

const SPECIAL = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  SPECIAL.addSubnet(net, bits, 'ipv4');
}
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  SPECIAL.addSubnet(net, bits, 'ipv6');
}
