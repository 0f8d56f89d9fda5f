import { type Machine, PROGRAM } from './machine.ts';

const NODE = `${PROGRAM}/node_modules/node/bin/node`;
const COMMAND = `${NODE} ${PROGRAM}/packages/cli/src/main.ts`;
const NTFY_PORT = 9_001;
const MODEL_PORT = 9_003;
/** The RUNBOOK says so too. */
const PROJECT = '/srv/night';

/**
 * An installation to which what the RUNBOOK speaks of has happened: a call was paid for, a job is
 * dead, a draft waits, and one incident is open, because no disk has as much room as it asks for.
 */
export function prepareSite(machine: Machine): void {
  machine.write('etc/systemd/system/fakes.service', fakesUnit());
  machine.sh('systemctl daemon-reload && systemctl enable --now fakes');
  machine.sh(`mkdir -p /srv && cd /srv && ${COMMAND} init night --timezone UTC`);
  machine.write(`${PROJECT}/nightshift.config.ts`, CONFIG);
  machine.write(`${PROJECT}/agents/doomed.ts`, agent(`throw new Error('the page is gone');`));
  machine.write(
    `${PROJECT}/agents/asker.ts`,
    agent(`await ctx.draft('note', { text: 'a line' });`),
  );
  machine.write('etc/nightshift/nightshift.env', 'NTFY_TOPIC=told-at-night\nMODEL_KEY=a-key\n');
  machine.sh(`cd ${PROJECT} && ${COMMAND} install --systemd 2>&1`);
  for (const name of ['notes', 'doomed', 'asker']) machine.sh(`cd / && nightshift enqueue ${name}`);
}

/** True when all of that has happened. */
export function isPrepared(machine: Machine): boolean {
  const rows = machine.sh('cd / && nightshift jobs list | grep -cE "done|dead" || true');
  const open = machine.sh('cd / && nightshift alerts list | grep -c disk-low || true');
  return Number(rows) >= 3 && Number(open) === 1;
}

function agent(body: string): string {
  return `import { defineAgent } from 'nightshift';
export default defineAgent(async (ctx) => {
  ${body}
});
`;
}

function fakesUnit(): string {
  const main = `${PROGRAM}/test/fakes/src/main.ts`;
  const ports = `--port-ntfy ${NTFY_PORT} --port-model ${MODEL_PORT}`;
  return [
    '[Service]',
    `ExecStart=${NODE} --max-semi-space-size=1 --optimize-for-size ${main} ${ports}`,
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

const CONFIG = `import { appendFile, defineConfig, env, ntfy, openaiCompatible } from 'nightshift/config';
export default defineConfig({
  timezone: 'UTC',
  budget: { perDay: '$1.00', perMonth: '$20.00' },
  models: {
    default: openaiCompatible({
      baseUrl: 'http://127.0.0.1:${MODEL_PORT}/v1',
      model: 'fake-model',
      apiKey: env('MODEL_KEY'),
      price: { inputPerMTok: '$3.00', outputPerMTok: '$15.00' },
    }),
  },
  alerts: {
    channels: [ntfy({ server: 'http://127.0.0.1:${NTFY_PORT}', topic: env('NTFY_TOPIC') })],
    rules: { 'disk-low': { freeMb: 10000000 } },
  },
  actions: { note: appendFile({ path: '/tmp/notes.txt' }) },
  agents: {
    notes: { entry: './agents/notes.ts', schedule: '0 6 * * *', input: { text: 'One. Two.' } },
    doomed: { entry: './agents/doomed.ts', attempts: 1 },
    asker: { entry: './agents/asker.ts', allow: { actions: ['note'] } },
  },
});
`;
