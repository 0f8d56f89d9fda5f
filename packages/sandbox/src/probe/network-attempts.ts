import dgram from 'node:dgram';
import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import type { Escape } from './escape.ts';
import { event } from './escape.ts';

/** Ways to a socket that do not go through the channel. */
export const networkEscapes: readonly Escape[] = [
  ['http', ({ port }) => event(http.get({ port, host: '127.0.0.1' }), 'response')],
  ['http-agent', ({ port }) => event(http.get({ port, agent: new http.Agent() }), 'response')],
  ['http2', ({ port }) => event(http2.connect(`http://127.0.0.1:${port}`), 'connect')],
  ['tcp', ({ port }) => event(net.connect(port, '127.0.0.1'), 'connect')],
  [
    'tls',
    ({ port }) =>
      event(
        tls.connect(port, '127.0.0.1').on('error', () => undefined),
        'connect',
      ),
  ],
  ['unix-socket', ({ unixSocket }) => event(net.connect(unixSocket), 'connect')],
  ['listen', () => event(net.createServer().listen(0), 'listening')],
  ['udp', ({ port }) => sendDatagram(port)],
  // A numeric name asks no server, and is still a lookup that the model must deny.
  ['dns-lookup', () => dns.promises.lookup('localhost')],
  ['dns-resolve', ({ port }) => resolveAt(port)],
  ['websocket', ({ port }) => openWebSocket(port)],
  ['undici-dispatcher', ({ port }) => ownDispatcher(port)],
];

async function sendDatagram(port: number): Promise<unknown> {
  const socket = dgram.createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.send('x', port, '127.0.0.1', (error) =>
      error === null ? resolve('sent') : reject(error),
    );
  });
}

/** A query to our own port: an answer that never comes is still a query that left. */
async function resolveAt(port: number): Promise<unknown> {
  const resolver = new dns.promises.Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return resolver.resolve4('probe.test').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ETIMEOUT' || error.code === 'ECONNREFUSED') return 'asked';
    throw error;
  });
}

async function openWebSocket(port: number): Promise<unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve('open'));
    socket.addEventListener('error', (it) => reject(it.error));
  });
}

/** Node keeps undici's global dispatcher under a symbol; its class makes new ones. */
async function ownDispatcher(port: number): Promise<unknown> {
  const key = Symbol.for('undici.globalDispatcher.2');
  // The first use of these classes loads undici, which sets the symbol.
  void new Response('');
  const agent = (globalThis as unknown as Record<symbol, { constructor: new () => Dispatcher }>)[
    key
  ];
  if (agent === undefined) throw new Error('no dispatcher');
  const own = new agent.constructor();
  const origin = `http://127.0.0.1:${port}`;
  return new Promise((resolve, reject) => {
    own.dispatch(
      { origin, path: '/', method: 'GET' },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => resolve('answered'),
        onResponseData: () => undefined,
        onResponseEnd: () => undefined,
        onResponseError: (_: unknown, error: Error) => reject(error),
      },
    );
  });
}

interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}
