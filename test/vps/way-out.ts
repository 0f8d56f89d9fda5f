import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

/*
 * A proxy for one machine: what it may reach is what this process reaches. It is started with a
 * socket that already listens on the loopback of the machine (descriptor 3), and itself lives in
 * the network outside, so that no interface and no route connects the two.
 */

const LISTENING = 3;

const server = createServer((asked, answer) => {
  const headers = { ...asked.headers };
  delete headers['proxy-connection'];
  const options = { method: asked.method ?? 'GET', headers };
  const onward = request(asked.url ?? '', options, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.on('error', () => onward.destroy());
  asked.pipe(onward);
});

server.on('connect', (asked, client: Duplex, head: Buffer) => {
  const { hostname, port } = new URL(`http://${asked.url}`);
  const onward = connect(Number(port || 80), hostname, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    onward.write(head);
    onward.pipe(client);
    client.pipe(onward);
  });
  onward.on('error', () => client.destroy());
  client.on('error', () => onward.destroy());
});

server.listen({ fd: LISTENING });
