import { extractive } from './models.ts';
import type { ConfigInput } from './settings-input.ts';

/**
 * The configuration when there is no file: a digest of the working folder's repository each
 * morning, without a model, a key or the network.
 *
 * Its value is an estimate on the low side and the operator's to replace: a quarter of an hour to
 * go through a day's history by hand, at $40 an hour.
 */
export function defaultConfig(): ConfigInput {
  return {
    models: { default: extractive() },
    agents: {
      digest: {
        entry: '@nightshift/digest',
        schedule: '0 6 * * *',
        input: { repos: ['.'] },
        allow: { git: ['.'], models: ['default'] },
        value: { hoursSaved: 0.25, hourlyRate: '$40.00' },
      },
    },
  };
}
