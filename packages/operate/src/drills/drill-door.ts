import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RefusedError, DRILL_AGENT, type ModelPrice, type Principal } from '@nightshift/domain';
import { stopFile } from '@nightshift/lifecycle';
import type { DrillScene } from '../drill.ts';

const MODEL = 'drill-model';

/** A provider of the drill's own on loopback, which counts what reaches it. */
export interface DrillProvider {
  readonly url: string;
  /** Requests that arrived: what "no byte leaves" is measured with. */
  readonly count: number;
  close(): Promise<void>;
}

/** Starts one that answers every chat. */
export async function startProvider(): Promise<DrillProvider> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(ANSWER));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    close: () => closeServer(server),
  };
}

/** An address on which nobody listens. */
export async function closedAddress(): Promise<string> {
  const provider = await startProvider();
  await provider.close();
  return provider.url;
}

/** What became of a call. */
export type CallResult =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** The real gates, ledger and breakers, with the reserved endpoint behind them. */
export interface DrillDoor {
  call(who: Principal): Promise<CallResult>;
  close(): Promise<void>;
}

/** Opens a door whose only endpoint is the reserved one. Loaded late: only drills need the gates. */
export async function openDoor(
  { installation, store }: DrillScene,
  baseUrl: string,
  price: ModelPrice,
): Promise<DrillDoor> {
  const { createBroker } = await import('@nightshift/broker');
  const stop = stopFile(installation.paths.stopFile);
  const broker = createBroker({
    endpoints: [
      {
        name: DRILL_AGENT,
        protocol: 'openai',
        baseUrl: `${baseUrl}/v1`,
        apiKey: null,
        models: { [MODEL]: price },
      },
    ],
    models: { default: { kind: 'endpoint', endpoint: DRILL_AGENT, model: MODEL } },
    agents: {
      [DRILL_AGENT]: {
        hosts: [],
        methods: [],
        read: [],
        git: [],
        models: ['default'],
        actions: [],
      },
    },
    ledger: store.ledger,
    breakers: store.breakers,
    control: store.control,
    jobs: store.jobs,
    stopFile: () => stop.isStopped(),
    secret: () => null,
    clock: installation.clock,
    // One try a call, and none is answered from memory: each has to meet the gates.
    limits: { tries: 1, giveUpMs: 0 },
    userAgent: 'nightshift/0.1.0 (drill)',
    log: () => undefined,
  });
  let ordinal = 0;
  return {
    call: (who) => {
      ordinal += 1;
      return settled(broker.handle(who, chat(baseUrl, ordinal), AbortSignal.timeout(20_000)));
    },
    close: () => broker.close(),
  };
}

async function settled(
  answer: Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> }>,
): Promise<CallResult> {
  try {
    const { status, body } = await answer;
    for await (const chunk of body) void chunk;
    return { kind: 'answered', status };
  } catch (error) {
    const { message } = error as Error;
    if (!(error instanceof RefusedError)) return { kind: 'failed', message };
    return { kind: 'refused', code: error.refusal.reason, message };
  }
}

function chat(baseUrl: string, ordinal: number) {
  const body = {
    model: MODEL,
    max_tokens: 1_000,
    messages: [{ role: 'user', content: `Drill call ${ordinal}.` }],
  };
  return {
    method: 'POST',
    url: `${baseUrl}/v1/chat/completions`,
    headers: [['content-type', 'application/json']] as const,
    body: Buffer.from(JSON.stringify(body)),
    step: '',
    ordinal,
  };
}

const ANSWER = {
  id: 'drill',
  object: 'chat.completion',
  created: 0,
  model: MODEL,
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
};

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}
