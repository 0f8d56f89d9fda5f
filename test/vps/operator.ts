import { waitUntil } from '@nightshift/support';
import { type Machine, PROGRAM } from './machine.ts';

const NODE = `${PROGRAM}/node_modules/node/bin/node`;
export const COMMAND = `${NODE} ${PROGRAM}/packages/cli/src/main.ts`;
export const SERVICES = ['scheduler', 'worker', 'watchdog'] as const;
export type Service = (typeof SERVICES)[number];
const NTFY_PORT = 9_001;
export const WEB_PORT = 9_002;
export const PROJECT = '/srv/night';

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

  incidents(): readonly Incident[] {
    return this.json<{ alerts: readonly Incident[] }>('alerts list --all').alerts;
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
  const main = `${PROGRAM}/test/fakes/src/main.ts`;
  const ports = `--port-ntfy ${NTFY_PORT} --port-web ${WEB_PORT}`;
  return [
    '[Service]',
    `ExecStart=${NODE} --max-semi-space-size=1 --optimize-for-size ${main} ${ports}`,
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

const agent = (body: string): string => `import { defineAgent } from 'nightshift';\n${body}\n`;

/** Agents of the test beside the one of the starter project. */
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
};

/** The configuration: the starter's agent each minute, and the two above. */
export const CONFIG = `import { defineConfig, env, extractive, ntfy } from 'nightshift/config';
export default defineConfig({
  timezone: 'UTC',
  budget: { perDay: '$1.00' },
  models: { default: extractive() },
  alerts: { channels: [ntfy({ server: 'http://127.0.0.1:${NTFY_PORT}', topic: env('NTFY_TOPIC') })] },
  agents: {
    notes: { entry: './agents/notes.ts', schedule: '* * * * *', input: { text: 'One. Two. Three.' } },
    prober: { entry: './agents/prober.ts', attempts: 1 },
    greedy: { entry: './agents/greedy.ts', attempts: 1 },
  },
});
`;
