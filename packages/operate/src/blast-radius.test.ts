import { anthropic, env, extractive, ollama, parseConfig, webhookPost } from 'nightshift/config';
import type { ConfigInput } from 'nightshift/config';
import { expect, test } from 'vitest';
import { blastRadius } from './blast-radius.ts';

function radius(config: Omit<ConfigInput, 'agents'>, agent: object = {}): string {
  const agents = { a: { entry: './a.ts', ...agent } };
  const options = { file: null, dir: '/srv/night', version: 1 };
  const settings = parseConfig({ timezone: 'UTC', ...config, agents }, options);
  return blastRadius(settings, settings.agents[0]!);
}

const NEVER =
  'It can never act on anything by itself, reach another host, write a file outside its scratch ' +
  'folder, start a process, or see a key, the database or another agent’s files.';

test('an agent that was given nothing can do nothing', () => {
  expect(radius({})).toBe(
    'a reads no files but its own code. It reaches no host. It may spend nothing: no model it ' +
      `may use costs money. It may draft no action. ${NEVER}`,
  );
});

test('what was given is named, and the smaller cap counts', () => {
  const models = { default: anthropic('claude-haiku-4-5'), local: ollama('llama3.2') };
  const text = radius(
    {
      models: { ...models, none: extractive() },
      budget: { perDay: '$1.00', perMonth: '$20.00' },
      actions: { hook: webhookPost({ url: env('HOOK') }) },
    },
    {
      allow: {
        read: ['docs'],
        git: ['.'],
        hosts: ['feeds.test', 'pages.test'],
        methods: ['GET', 'POST'],
        models: ['default', 'local', 'none'],
        actions: ['hook'],
      },
      budget: { perDay: '$3.00', perJob: '$0.05' },
    },
  );
  expect(text).toContain('a reads docs and the history of ., and its own code.');
  expect(text).toContain('It reaches feeds.test and pages.test with GET and POST.');
  expect(text).toContain(
    'It may spend at most $0.05 a job, $1.00 a day and $20.00 a month, ' +
      'on claude-haiku-4-5 at api.anthropic.com.',
  );
  expect(text).toContain('It may draft hook (POST to the URL in HOOK), and a person decides');
  expect(text).toContain('It can never act elsewhere than on those hosts, reach another host');
});

test('a paid model without a budget may spend nothing a day', () => {
  expect(radius({ models: { default: anthropic('claude-haiku-4-5') } })).toContain(
    'It may spend at most $0.00 a day, on claude-haiku-4-5',
  );
});
