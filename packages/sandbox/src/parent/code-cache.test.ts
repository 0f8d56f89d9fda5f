import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@nightshift/domain';
import { tempDir, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { fixture, identify, noGrants, tryAgent } from '../../test/try-agent.ts';
import { directLauncher } from '../launchers/direct.ts';
import { PROBE_AGENT, probeSandbox } from '../probe/probe-sandbox.ts';
import { compileCode, type CodeOf, layOutCode } from './code-cache.ts';
import { resolveGrants } from './grants.ts';

async function codeOf(entryFile: string): Promise<CodeOf> {
  const grants = await resolveGrants(entryFile, noGrants);
  if (grants === 'entry-missing') throw new Error(`${entryFile} is missing`);
  return { launcher: directLauncher, grants };
}

/** Asks as often as it takes until there is compiled code to copy. */
async function learned(of: CodeOf): Promise<string> {
  let folder: string | null = null;
  const laidOut = (): boolean => (folder = layOutCode(of, tempDir('copy'))) !== null;
  await waitUntil(laidOut, { what: 'compiled code', timeoutMs: 20_000 });
  return folder!;
}

test('code is compiled without a line of it being run', async () => {
  const dir = tempDir('agent');
  const ran = `import { writeFileSync } from 'node:fs';
    writeFileSync(process.env.HOME + '/.code/ran', 'x' as string);
    export default { kind: 'nightshift-agent', run() {} };`;
  mkdirSync(join(dir, 'code'));
  writeFileSync(join(dir, 'code', 'agent.ts'), ran);
  const of = await codeOf(join(dir, 'code', 'agent.ts'));
  const code = await compileCode(of);
  const text = [...code.values()].map((it) => it.toString('latin1')).join('\n');
  expect(text).toContain("writeFileSync(process.env.HOME + '/.code/ran'");
  expect([...code.keys()].join()).not.toContain('ran');
});

test('an agent that was compiled does what its file says, also when that has changed', async () => {
  const file = join(tempDir('agent'), 'agent.ts');
  const say = (word: string): void =>
    writeFileSync(
      file,
      `export default { kind: 'nightshift-agent', run(ctx) { ctx.log.info('${word}' as string); } };`,
    );
  say('one');
  const of = await codeOf(file);
  await learned(of);
  expect((await tryAgent(file)).logs).toMatchObject([{ message: 'one' }]);
  say('two');
  expect((await tryAgent(file)).logs).toMatchObject([{ message: 'two' }]);
});

test('what a child makes of its copy, no other child sees', async () => {
  const of = await codeOf(fixture('reads'));
  const spoilt = await learned(of);
  const files = readdirSync(spoilt, { recursive: true, withFileTypes: true });
  for (const it of files) if (it.isFile()) writeFileSync(join(it.parentPath, it.name), 'spoilt');
  const next = await learned(of);
  const [folder = ''] = readdirSync(next);
  const [name = ''] = readdirSync(join(next, folder));
  expect(readFileSync(join(next, folder, name), 'latin1')).not.toBe('spoilt');
});

test('with compiled code every way out stays closed', async () => {
  await learned(await codeOf(PROBE_AGENT));
  const report = await probeSandbox(directLauncher, { clock: systemClock, identify });
  expect(report).toMatchObject({ ok: true, escaped: [] });
});
