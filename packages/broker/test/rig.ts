import { startModelServer, type ModelServer, type ModelServerOptions } from '@nightshift/fakes';
import { openStore, type Store } from '@nightshift/store';
import { manualClock, onCleanup, tempDir, type ManualClock } from '@nightshift/support';
import type { RefusedError } from '@nightshift/domain';
import type { Budget, HttpRequest, HttpResponse, Principal, SpendRow } from '@nightshift/domain';
import { createBroker, type Broker, type BrokerOptions } from '../src/index.ts';

/** Rates of the one model that costs something, nano-dollars per million tokens. */
export const RATES = {
  inputNusdPerMTok: 3_000_000_000,
  cachedInputNusdPerMTok: 300_000_000,
  cacheWriteNusdPerMTok: 3_750_000_000,
  outputNusdPerMTok: 15_000_000_000,
};
const DEARER = {
  inputNusdPerMTok: 30_000_000_000,
  cachedInputNusdPerMTok: 30_000_000_000,
  cacheWriteNusdPerMTok: 30_000_000_000,
  outputNusdPerMTok: 150_000_000_000,
};
export const SECRET = 'sk-rig-0123456789abcdef';
const PLENTY = 1_000_000_000_000;

/** A broker over a real store and a real model server, with one running job. */
export interface Rig {
  readonly broker: Broker;
  readonly store: Store;
  readonly server: ModelServer;
  readonly clock: ManualClock;
  readonly who: Principal;
  /** Lines that were logged. */
  readonly logged: string[];
  /** A broker of another process over the same store, with other options. */
  readonly another: (over: Partial<BrokerOptions>) => Broker;
  /** Set to make the STOP file appear. */
  readonly stop: { there: boolean };
  readonly rows: () => Promise<readonly SpendRow[]>;
}

export interface RigOptions {
  readonly budgets?: readonly Budget[];
  readonly server?: Partial<ModelServerOptions>;
  readonly broker?: Partial<BrokerOptions>;
}

export async function openRig(options: RigOptions = {}): Promise<Rig> {
  const clock = manualClock('2026-03-01T10:00:00Z');
  const store = await openStore({ stateDir: tempDir('broker'), clock, mode: 'create' });
  const budgets = options.budgets ?? [{ scope: 'global', window: 'day', capNusd: PLENTY }];
  await store.ledger.setBudgets(budgets, 1, 'UTC');
  const server = await startModelServer({
    prices: { paid: RATES, dear: DEARER, free: RATES, fixed: RATES },
    requireKey: SECRET,
    ...options.server,
  });
  const who = await runningJob(store, clock, 'job-1');
  const logged: string[] = [];
  const stop = { there: false };
  const base: BrokerOptions = {
    endpoints: endpointsAt(server.url),
    models: {
      paid: { kind: 'endpoint', endpoint: 'models', model: 'paid' },
      free: { kind: 'endpoint', endpoint: 'models', model: 'free' },
      table: { kind: 'endpoint', endpoint: 'models', model: 'gpt-4o' },
      local: { kind: 'endpoint', endpoint: 'local', model: 'paid' },
    },
    agents: {
      digest: {
        hosts: [],
        methods: [],
        read: [],
        git: [],
        models: ['paid', 'free', 'table', 'local'],
        actions: [],
      },
    },
    ledger: store.ledger,
    breakers: store.breakers,
    control: store.control,
    jobs: store.jobs,
    stopFile: () => stop.there,
    secret: (ref) => (ref.env === 'MODEL_KEY' ? SECRET : null),
    clock,
    random: () => 0,
    limits: { connectTimeoutMs: 2_000 },
    userAgent: 'nightshift/test',
    log: (level, message, fields) => logged.push(JSON.stringify({ level, message, ...fields })),
  };
  const another = (over: Partial<BrokerOptions>): Broker => {
    const made = createBroker({ ...base, ...options.broker, ...over });
    onCleanup(() => made.close());
    return made;
  };
  onCleanup(async () => {
    await server.close();
    store.close();
  });
  const rows = () => store.ledger.spendRows({ limit: 10_000 });
  return { broker: another({}), store, server, clock, who, logged, another, stop, rows };
}

function endpointsAt(url: string): BrokerOptions['endpoints'] {
  const apiKey = { env: 'MODEL_KEY' };
  const own = { kind: 'own', rates: RATES } as const;
  const dear = { kind: 'own', rates: DEARER } as const;
  return [
    {
      name: 'models',
      protocol: 'openai',
      baseUrl: `${url}/v1`,
      apiKey,
      models: { paid: own, dear, free: { kind: 'free' }, 'gpt-4o': { kind: 'table' } },
    },
    { name: 'local', protocol: 'ollama', baseUrl: url, apiKey: null, models: { paid: own, dear } },
  ];
}

/** Enqueues and claims a job of the agent `digest`. */
export async function runningJob(
  store: Store,
  clock: ManualClock,
  key: string,
): Promise<Principal> {
  const instance = 'worker-1';
  const actor = { kind: 'person', name: 'tester' } as const;
  const made = await store.jobs.enqueue({ key, agent: 'digest', input: {}, maxAttempts: 3 }, actor);
  const won = await store.jobs.claim({
    job: made.job!.id,
    instance,
    leaseUntil: clock.now() + 3_600_000,
    maxRunningOfAgent: 100,
    source: null,
  });
  const { job, attempt, token } = won!.fence;
  return { job, attempt, agent: 'digest', instance, leaseToken: token };
}

/** A chat body that the wire allows. */
export function chat(over: Record<string, unknown> = {}): Record<string, unknown> {
  const messages = [{ role: 'user', content: 'What happened last night?' }];
  return { model: 'paid', messages, max_tokens: 100, ...over };
}

/** A request to the endpoint's chat completions, numbered by the caller. */
export function post(url: string, body: unknown, over: Partial<HttpRequest> = {}): HttpRequest {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  const headers = [['content-type', 'application/json'] as const];
  return { method: 'POST', url, headers, body: bytes, step: '', ordinal: 0, ...over };
}

export function chatRequest(
  rig: Pick<Rig, 'server'>,
  over: Record<string, unknown> = {},
  request: Partial<HttpRequest> = {},
): HttpRequest {
  return post(`${rig.server.url}/v1/chat/completions`, chat(over), request);
}

export const NEVER = new AbortController().signal;

/** The whole body as text. */
export async function textOf(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export const PERSON = { kind: 'person', name: 'tester' } as const;

/** The reason of the refusal that `call` ends with, or what else became of it. */
export const reasonOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'no refusal',
    (error: RefusedError) => error.refusal?.reason ?? `${error.code}: ${error.message}`,
  );

export const ask = (rig: Rig, over: Record<string, unknown> = {}, ordinal = 0) =>
  rig.broker.handle(rig.who, chatRequest(rig, over, { ordinal }), NEVER);

export async function openBreaker(rig: Rig): Promise<void> {
  const seen = await rig.store.breakers.get('models');
  const openedAt = rig.clock.now();
  const open = { state: 'open', failures: 5, openings: 1, openedAt, reason: 'tried' } as const;
  await rig.store.breakers.swap(seen, { ...seen, ...open, nextProbeAt: openedAt + 30_000 });
}
