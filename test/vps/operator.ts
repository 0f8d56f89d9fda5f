import { waitUntil } from '@nightshift/support';
import type { Machine } from './machine.ts';

/** Where deploy.sh puts the release that runs, and the project. */
export const DEPLOYED = '/opt/nightshift/current';
export const PROJECT = '/opt/nightshift/project';
/** Where the machine sees the checkout, for the remote ends alone. */
export const CHECKOUT = '/mnt/checkout';

const nodeOf = (program: string): string => `${program}/node_modules/node/bin/node`;
/** The command before `install` has put one on PATH. */
export const commandOf = (program: string): string =>
  `${nodeOf(program)} ${program}/packages/cli/src/main.ts`;
export const SERVICES = ['scheduler', 'worker', 'watchdog'] as const;
export type Service = (typeof SERVICES)[number];
const MODEL_PORT = 9_000;
const NTFY_PORT = 9_001;
export const WEB_PORT = 9_002;

/** What somebody who runs this machine types and sees. */
export class Operator {
  readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** `nightshift WORDS --json`, as the document it prints. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  json<T>(words: string): T {
    return JSON.parse(this.machine.sh(`cd / && nightshift ${words} --json`)) as T;
  }

  pid(service: Service): number {
    return Number(this.#show(service, 'MainPID'));
  }

  pids(): Record<Service, number> {
    const pairs = SERVICES.map((it) => [it, this.pid(it)] as const);
    return Object.fromEntries(pairs) as Record<Service, number>;
  }

  state(service: Service): string {
    return this.#show(service, 'ActiveState');
  }

  exitStatus(service: Service): number {
    return Number(this.#show(service, 'ExecMainStatus'));
  }

  status(): Status {
    return this.json<Status>('status');
  }

  /** Until all three are healthy. */
  async beating(): Promise<void> {
    await waitUntil(() => this.status().services.every((it) => it.healthy), {
      what: 'three services that beat',
      timeoutMs: 60_000,
      everyMs: 500,
    });
  }

  /** The newest job of an agent that has ended, or null. */
  ended(agent: string): Job | null {
    const { jobs } = this.json<{ jobs: readonly Job[] }>(`jobs list --agent ${agent}`);
    return jobs.find((it) => ['done', 'dead'].includes(it.state)) ?? null;
  }

  /** What every table of keys and of spending holds, as one text: nothing of it may ever go. */
  books(): Books {
    const script = `const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync('/var/lib/nightshift/nightshift.db', { readOnly: true });
      const all = (sql) => db.prepare(sql).all();
      console.log(JSON.stringify({
        schema: db.prepare('PRAGMA user_version').get().user_version,
        keys: all('SELECT key FROM job_keys ORDER BY key').map((it) => it.key),
        spentNusd: all('SELECT * FROM spend').reduce((sum, it) => sum + (it.actual_nusd ?? 0), 0),
      }));`;
    const node = nodeOf(DEPLOYED);
    const ran = this.machine.run('runuser', '-u', 'nightshift', '--', node, '-e', script);
    return JSON.parse(ran.stdout) as Books;
  }

  /** Calls that the model's provider charges for. */
  billedCalls(): number {
    const url = `http://127.0.0.1:${MODEL_PORT}/__bill`;
    return (this.#get(url) as { calls: number }).calls;
  }

  /** Sets what the web answers at a path. */
  route(path: string, body: string): void {
    const routes = JSON.stringify({ [path]: { body } });
    this.#get(
      `http://127.0.0.1:${WEB_PORT}/__routes`,
      `{ method: 'POST', body: ${JSON.stringify(routes)} }`,
    );
  }

  incidents(): readonly Incident[] {
    return this.json<{ alerts: readonly Incident[] }>('alerts list --all').alerts;
  }

  #get(url: string, options = '{}'): unknown {
    const script = `fetch('${url}', ${options}).then(async (it) => console.log(await it.text()))`;
    const { stdout } = this.machine.run(nodeOf(CHECKOUT), '-e', script);
    return JSON.parse(stdout || 'null');
  }

  #show(service: Service, property: string): string {
    const unit = `nightshift-${service}.service`;
    return this.machine.sh(`systemctl show -p ${property} --value ${unit}`);
  }
}

export interface Status {
  readonly halted: boolean;
  readonly services: readonly { readonly name: string; readonly healthy: boolean }[];
  readonly sandbox: { readonly launcher: string };
}

export interface Books {
  readonly schema: number;
  readonly keys: readonly string[];
  readonly spentNusd: number;
}

export interface Job {
  readonly id: string;
  readonly state: string;
  readonly slot: number | null;
  readonly lastError: { readonly code: string } | null;
}

export interface Incident {
  readonly rule: string;
  readonly state: string;
}

/** The remote ends, on the machine's own loopback. */
export function fakesUnit(): string {
  const main = `${CHECKOUT}/test/fakes/src/main.ts`;
  const ports = `--port-model ${MODEL_PORT} --port-ntfy ${NTFY_PORT} --port-web ${WEB_PORT}`;
  return [
    '[Service]',
    `ExecStart=${nodeOf(CHECKOUT)} --max-semi-space-size=1 --optimize-for-size ${main} ${ports}`,
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

const agent = (body: string): string => `import { defineAgent } from 'nightshift';\n${body}\n`;

/** Agents of the test. */
export const AGENTS: Readonly<Record<string, string>> = {
  prober: agent(`import { connect } from 'node:net';
export default defineAgent(async (ctx) => {
  const raw = await new Promise((resolve) => {
    try {
      const socket = connect(${WEB_PORT}, '127.0.0.1', () => resolve('connected'));
      socket.on('error', (error) => resolve(error.code));
    } catch (error) { resolve(error.code); }
  });
  const asked = await ctx.fetch('http://127.0.0.1:${WEB_PORT}/').then(() => 'answered', (e) => e.code);
  await ctx.report({ title: 'Probe', body: \`raw \${raw}, asked \${asked}\`, data: { raw, asked } });
});`),
  greedy: agent(`export default defineAgent(async () => {
  const kept = [];
  for (;;) { kept.push(Buffer.alloc(8_000_000, 1)); await new Promise((r) => setTimeout(r, 1)); }
});`),
  // Pays once, then works on for longer than a stop waits.
  patient: agent(`import { generateText } from 'ai';
export default defineAgent(async (ctx) => {
  const { text } = await ctx.step('ask', () => generateText({ model: ctx.model('paid'), prompt: 'Well?' })
    .then((it) => ({ text: it.text })));
  for (let n = 0; n < 35; n++) { await new Promise((r) => setTimeout(r, 1_000)); await ctx.progress(n, 35); }
  await ctx.report({ title: 'Patience', body: text });
});`),
};

/** The configuration: a digest of a feed each minute, and the agents above. */
export const CONFIG = `import { defineConfig, env, extractive, ntfy, openaiCompatible } from 'nightshift/config';
const price = { inputPerMTok: '$3.00', outputPerMTok: '$15.00' };
const baseUrl = 'http://127.0.0.1:${MODEL_PORT}/v1';
export default defineConfig({
  timezone: 'UTC',
  budget: { perDay: '$1.00' },
  models: {
    default: extractive(),
    paid: openaiCompatible({ baseUrl, model: 'fake-model', name: 'fake', price }),
  },
  alerts: { channels: [ntfy({ server: 'http://127.0.0.1:${NTFY_PORT}', topic: env('NTFY_TOPIC') })] },
  agents: {
    digest: {
      entry: '@nightshift/digest',
      schedule: '* * * * *',
      input: { feeds: ['http://127.0.0.1:${WEB_PORT}/feed'] },
      allow: { hosts: ['127.0.0.1:${WEB_PORT}'], models: ['default'] },
    },
    prober: { entry: './agents/prober.ts', attempts: 1 },
    greedy: { entry: './agents/greedy.ts', attempts: 1 },
    patient: { entry: './agents/patient.ts', allow: { models: ['paid'] } },
  },
});
`;

/** What the digest is to tell of. */
export const FEED =
  '<rss version="2.0"><channel><title>News</title><item><guid>1</guid>' +
  '<title>A night that ended well</title></item></channel></rss>';
