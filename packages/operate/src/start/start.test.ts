import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, tokenCost } from '@nightshift/domain';
import { onCleanup, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { checkConfiguration } from '../check.ts';
import { demoConfig } from './demo-config.ts';
import { startModelEndpoint } from './model-endpoint.ts';
import { repositoryAt } from './repository-at.ts';

test('the stand-in bills exactly the usage it reports, and closes', async () => {
  const endpoint = await startModelEndpoint(systemClock);
  onCleanup(() => endpoint.close());
  const response = await fetch(`${endpoint.baseUrl}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: endpoint.model, max_tokens: 300, messages: [] }),
  });
  const { usage } = (await response.json()) as { usage: Record<string, number> };
  const cost =
    tokenCost(usage['prompt_tokens']!, 1_000_000_000) +
    tokenCost(usage['completion_tokens']!, 10_000_000_000);
  expect(endpoint.bill()).toEqual({ calls: 1, billedNusd: cost });
  await endpoint.close();
  await expect(fetch(endpoint.baseUrl)).rejects.toThrow('fetch failed');
});

test('the generated configuration is valid and its entries exist', async () => {
  const dir = tempDir('demo');
  const endpoint = { baseUrl: 'http://127.0.0.1:9/v1', model: 'runaway-1' };
  writeFileSync(join(dir, 'nightshift.config.ts'), demoConfig(dir, endpoint));
  const { settings, agents } = await checkConfiguration({ cwd: dir });
  expect(agents.map((it) => it.agent.name)).toEqual(['digest', 'runaway']);
  expect(settings.models['default']).toEqual({ kind: 'extractive' });
  expect(settings.agents[0]?.allow.models).toEqual(['default']);
});

test('a repository is a folder with history: a tree, a worktree or a bare one', () => {
  const dir = tempDir('repos');
  mkdirSync(join(dir, 'tree/.git'), { recursive: true });
  mkdirSync(join(dir, 'linked'));
  writeFileSync(join(dir, 'linked/.git'), 'gitdir: ../tree/.git/worktrees/linked\n');
  mkdirSync(join(dir, 'bare/objects'), { recursive: true });
  writeFileSync(join(dir, 'bare/HEAD'), 'ref: refs/heads/main\n');
  for (const name of ['tree', 'linked', 'bare']) {
    expect(repositoryAt(name, dir)).toBe(join(dir, name));
  }
  mkdirSync(join(dir, 'empty'));
  expect(() => repositoryAt('empty', dir)).toThrow(expect.objectContaining({ exitCode: 64 }));
  expect(() => repositoryAt('none', dir)).toThrow(expect.objectContaining({ code: 'no-folder' }));
});
