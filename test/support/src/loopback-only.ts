import dns from 'node:dns';
import net from 'node:net';

/**
 * Makes every connection of this process to anything but loopback throw. http, https, tls, undici
 * and the global fetch all end in this one method. A name other than localhost is refused before
 * it is resolved, unless the caller brings its own lookup: then its answers are checked.
 */
export function connectOnlyToLoopback(): void {
  // Applied below to the socket it is called on.
  // oxlint-disable-next-line typescript/unbound-method
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: never[]): net.Socket {
    checkTarget(args);
    return Reflect.apply(connect, this, args);
  };
}

/** Is this an address of the machine itself, in any of the forms `net` accepts? */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === '::1') return true;
  const v4 = bare.startsWith('::ffff:') ? bare.slice('::ffff:'.length) : bare;
  return net.isIPv4(v4) && v4.startsWith('127.');
}

type Target = net.TcpNetConnectOpts & { path?: string | null };

function checkTarget(args: readonly unknown[]): void {
  const target = targetOf(args);
  if (target === undefined || typeof target.path === 'string') return;
  const host = target.host ?? 'localhost';
  if (isLoopback(host)) return;
  if (net.isIP(host) === 0 && target.lookup !== undefined && target.lookup !== dns.lookup) {
    target.lookup = loopbackLookup(target.lookup);
    return;
  }
  throw refused(host);
}

/** `connect` takes options, a port and a host, a path, or net's own array of those. */
function targetOf(args: readonly unknown[]): Target | undefined {
  const first = Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0];
  if (typeof first === 'object' && first !== null) return first as Target;
  if (typeof first === 'string' && !/^\d+$/.test(first)) return undefined;
  const host = typeof args[1] === 'string' ? args[1] : 'localhost';
  return { port: Number(first), host };
}

function loopbackLookup(lookup: NonNullable<Target['lookup']>): NonNullable<Target['lookup']> {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, address, family) => {
      const all = typeof address === 'string' ? [address] : (address ?? []).map((it) => it.address);
      const outside = error === null ? all.find((it) => !isLoopback(it)) : undefined;
      if (outside === undefined) callback(error, address, family);
      else callback(refused(`${hostname} (${outside})`), address, family);
    });
}

function refused(host: string): Error {
  return new Error(
    `a test tried to connect to ${host}: tests reach loopback only; start a server of @nightshift/fakes`,
  );
}
