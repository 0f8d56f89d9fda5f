import { fileURLToPath } from 'node:url';
import { DEMO_PRICE, type ModelEndpoint } from './model-endpoint.ts';

/** Caps of the demonstration, as the configuration states them. */
export const DEMO_BUDGET = '$0.05';
/** What a digest is taken to be worth: an estimate on the low side. */
export const DEMO_VALUE = { hoursSaved: 0.25, hourlyRate: '$40.00' } as const;

const DIGEST = fileURLToPath(new URL('../../../digest/src/index.ts', import.meta.url));
const RUNAWAY = fileURLToPath(new URL('../../demo/runaway.ts', import.meta.url));

/**
 * The configuration of the first look, as a file that a person can read and change afterwards: the
 * digest with no model at all, and the runaway with a stand-in model on this machine.
 *
 * @param repository absolute path of the repository to read.
 */
export function demoConfig(
  repository: string,
  endpoint: Pick<ModelEndpoint, 'baseUrl' | 'model'>,
): string {
  const config = {
    budget: { perDay: '$1.00' },
    models: {
      default: { kind: 'extractive' },
      loop: {
        kind: 'endpoint',
        protocol: 'openai',
        name: 'stand-in',
        baseUrl: endpoint.baseUrl,
        model: endpoint.model,
        price: DEMO_PRICE,
      },
    },
    agents: {
      digest: {
        entry: DIGEST,
        input: { repos: [repository] },
        allow: { git: [repository], models: ['default'] },
        value: DEMO_VALUE,
        attempts: 1,
      },
      runaway: {
        entry: RUNAWAY,
        input: { url: `${endpoint.baseUrl}/chat/completions`, model: endpoint.model },
        allow: { models: ['loop'] },
        budget: { perJob: DEMO_BUDGET },
        attempts: 1,
        timeout: '1m',
      },
    },
  };
  return [
    '// Written by `nightshift start`. `default` is extractive(): it asks no model and sends nothing.',
    '// `loop` was a stand-in on this machine that is gone now.',
    `export default ${JSON.stringify(config, null, 2)};`,
    '',
  ].join('\n');
}
