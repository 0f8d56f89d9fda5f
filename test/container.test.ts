/**
 * What can be said of the container without one; `test/vps/container.ts` does its steps and starts
 * what came of them.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { STOP_TIMEOUT_MS } from '@nightshift/domain';
import { repoRoot } from '@nightshift/support';
import { expect, test } from 'vitest';
import { imageOf, instructionsOf } from './vps/container-file.ts';

const read = (path: string): string => readFileSync(join(repoRoot, 'infra', path), 'utf8');
const IMAGE = imageOf(instructionsOf(read('container/Containerfile')));
const STATE = '/var/lib/nightshift';

test('an init hands on the signal of the end to what runs the three services', () => {
  const [init, dashes, entry = ''] = IMAGE.entrypoint;
  expect([init, dashes, ...IMAGE.command]).toEqual(['/usr/bin/tini', '--', 'up']);
  expect(IMAGE.stopSignal).toBe('SIGTERM');
  const file = join(repoRoot, 'infra/container', basename(entry));
  expect(entry).toBe(`/opt/nightshift/infra/container/${basename(entry)}`);
  expect(statSync(file).mode & 0o111).toBe(0o111);
  expect(IMAGE.environment).toEqual({ NIGHTSHIFT_STATE_DIR: STATE });
});

test('no secret, state or module of this machine gets into an image', () => {
  const left = read('container/Containerfile.dockerignore').trim().split('\n');
  expect(left).toEqual(expect.arrayContaining(['.git', '.env', '**/.nightshift']));
  expect(left).toContain('**/node_modules');
});

/** The values of a TOML file as far as ours goes: a name, a string or a number a line. */
function valuesOf(toml: string): Readonly<Record<string, string>> {
  const pairs = [...toml.matchAll(/^(\w+) = "?([^"\n]*)"?$/gm)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

test('Fly gives one machine one volume, in the place of the state, and time to end', () => {
  const toml = read('fly/fly.toml');
  const values = valuesOf(toml);
  expect(values).toMatchObject({
    destination: STATE,
    kill_signal: IMAGE.stopSignal,
    kill_timeout: String(STOP_TIMEOUT_MS / 1_000),
    strategy: 'immediate',
    policy: 'always',
  });
  expect(toml.match(/^\[+mounts\]+$/gm)).toHaveLength(1);
  // What answers no requests is never put to sleep for lack of them.
  expect(toml).not.toMatch(/^\[+(?:http_)?services?\]+$/m);
  const named = /--dockerfile (\S+)/.exec(toml)?.[1] ?? '';
  expect(existsSync(join(repoRoot, named))).toBe(true);
});

test('a container file is read by its instructions, and an unknown one is no silent one', () => {
  const text = '# x\nFROM a\n\nRUN b && \\\n# why\n  c\nENTRYPOINT ["d"]\n';
  expect(instructionsOf(text).map((it) => `${it.line} ${it.name} ${it.words}`)).toEqual([
    '2 FROM a',
    '4 RUN b && c',
    '7 ENTRYPOINT ["d"]',
  ]);
  expect(() => instructionsOf('HEALTHCHECK CMD x')).toThrow('HEALTHCHECK');
});
