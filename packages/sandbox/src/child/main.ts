/**
 * The process an agent runs in. It is told everything over the channel (descriptor 3), has no
 * network, no keys and no database, and ends with one `finish` message. What it says of itself is
 * never trusted: each call is judged outside.
 *
 * Files here are few and load nothing they may not need: a start is part of every job.
 */
import './lockdown.ts';
import { Socket } from 'node:net';
import type { Message } from '../channel/assembler.ts';
import { FRAME } from '../channel/frame.ts';
import { Pipe } from '../channel/pipe.ts';
import { type Finish, PROTOCOL_VERSION, type Start } from '../channel/protocol.ts';
import { Client } from './client.ts';
import { makeContext } from './context.ts';
import { tellDenials } from './denials.ts';
import { finishOf } from './finish.ts';
import { loadAgent, parseInput } from './load-agent.ts';

const ending = new AbortController();
const pipe = new Pipe(new Socket({ fd: 3 }), {
  message: receive,
  // Nobody is left to work for.
  closed: () => process.exit(1),
});
const client = new Client(pipe);
let finished = false;
tellDenials(client);

process.on('uncaughtException', (error) => void finish(finishOf(error)));
process.on('unhandledRejection', (reason) => void finish(finishOf(reason)));
void pipe.send(FRAME.hello, 0, { protocol: PROTOCOL_VERSION });

function receive(message: Message): void {
  if (message.type === FRAME.start) void run(message.json as Start);
  else if (message.type === FRAME.abort && message.id === 0) {
    const { reason } = message.json as { reason: string };
    ending.abort(new DOMException(reason, 'AbortError'));
  } else client.receive(message);
}

async function run(start: Start): Promise<void> {
  const { ctx, flush } = makeContext(client, start, ending.signal);
  globalThis.fetch = ctx.fetch;
  let end: Finish = { kind: 'done' };
  try {
    const agent = await loadAgent(start.entry);
    await agent.run(ctx, parseInput(agent, start.input));
  } catch (error) {
    end = finishOf(error);
  }
  await flush();
  await finish(end);
}

/** Says how it ended, once; the parent then ends this process. */
async function finish(end: Finish): Promise<void> {
  if (finished) return;
  finished = true;
  await printed();
  await pipe.send(FRAME.finish, 0, end);
}

/** Output that a full pipe held back: the parent ends this process as soon as it has the finish. */
async function printed(): Promise<void> {
  const streams = [process.stdout, process.stderr].filter((stream) => stream.writableLength > 0);
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.write('', resolve))));
}
