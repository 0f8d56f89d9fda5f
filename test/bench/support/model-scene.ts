import { join } from 'node:path';
import { createBroker, type Broker } from '@nightshift/broker';
import { type HttpRequest, type Principal, systemClock } from '@nightshift/domain';
import { repoRoot } from '@nightshift/support';
import { AGENT, openLedgerScene } from './ledger-scene.ts';
import type { Workspace } from './workspace.ts';

const RATES = {
  inputNusdPerMTok: 1_000_000,
  cachedInputNusdPerMTok: 1_000_000,
  cacheWriteNusdPerMTok: 1_000_000,
  outputNusdPerMTok: 1_000_000,
};
const MODEL = 'fake-model';
const ALLOW = { hosts: [], methods: [], read: [], git: [], models: ['default'], actions: [] };

/** A model server in a process of its own, a broker over a real store, and a job that runs. */
export interface ModelScene {
  readonly broker: Broker;
  readonly principal: Principal;
  readonly url: string;
}

/** @param reply what the model says to every call */
export async function openModelScene(workspace: Workspace, reply: string): Promise<ModelScene> {
  const main = join(repoRoot, 'test/fakes/src/main.ts');
  const server = workspace.start([main, '--reply', reply]);
  const { model } = JSON.parse(await server.line(0)) as { model: string };
  const { store, principal } = await openLedgerScene(workspace.folder('broker'));
  const broker = createBroker({
    endpoints: [
      {
        name: 'local',
        protocol: 'openai',
        baseUrl: `${model}/v1`,
        apiKey: null,
        models: { [MODEL]: { kind: 'own', rates: RATES } },
      },
    ],
    models: { default: { kind: 'endpoint', endpoint: 'local', model: MODEL } },
    agents: { [AGENT]: ALLOW },
    ledger: store.ledger,
    breakers: store.breakers,
    control: store.control,
    jobs: store.jobs,
    stopFile: () => false,
    secret: () => null,
    clock: systemClock,
    userAgent: 'nightshift/bench',
    log: () => undefined,
  });
  workspace.onClose(async () => {
    await broker.close();
    store.close();
  });
  return { broker, principal, url: `${model}/v1/chat/completions` };
}

/** A streamed chat call. Each number is another call: none is answered from the journal. */
export function chatRequest(url: string, n: number, maxTokens: number): HttpRequest {
  const body = JSON.stringify({
    model: MODEL,
    messages: [{ role: 'user', content: 'What happened last night?' }],
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
  });
  const headers = [['content-type', 'application/json'] as const];
  return { method: 'POST', url, headers, body: Buffer.from(body), step: 'step', ordinal: n };
}
