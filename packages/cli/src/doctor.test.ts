import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNtfy } from '@nightshift/fakes';
import { memoryDir, onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../test/command.ts';

const SLOW = 60_000;

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix: string | null;
}

test(
  'doctor looks at everything a stranger gets wrong, and what is wrong says what to do',
  async () => {
    const { dir } = await makeSite();
    chmodSync(join(dir, '.nightshift'), 0o755);
    const { code, json } = await nightshift(dir, 'doctor', '--json');
    const checks = json()['checks'] as readonly Check[];
    const machine = ['node', 'sqlite', 'config', 'clock', 'walls', 'awake', 'units'];
    const site = ['state', 'files', 'disk', 'rights', 'database', 'alone', 'install', 'zone'];
    expect(checks.map((it) => it.name)).toEqual([...machine, ...site, 'caps', 'alerts']);
    expect(code).toBe(1);
    const wrong = checks.filter((it) => !it.ok);
    expect(wrong.map((it) => it.name)).toEqual(expect.arrayContaining(['rights', 'alerts']));
    expect(wrong.filter((it) => it.fix === null)).toEqual([]);
  },
  SLOW,
);

test(
  'a state folder in memory is found, and a channel is asked when somebody wants to know',
  async () => {
    const ntfy = await startNtfy();
    onCleanup(() => ntfy.close());
    const { dir } = await makeSite(`export default { timezone: 'UTC', agents: {},
      models: { default: { kind: 'endpoint', protocol: 'openai', model: 'gpt-4o',
        baseUrl: 'https://api.openai.com/v1' } },
      alerts: { channels: [{ kind: 'ntfy', server: '${ntfy.url}', topic: 'nights' }] } };`);
    const fleeting = join(memoryDir(), 'state');
    mkdirSync(fleeting, { mode: 0o700 });
    writeFileSync(join(fleeting, 'nightshift.db'), '');
    const args = ['doctor', '--send', '--json'];
    const lost = await nightshift(dir, ...args, '--state-dir', fleeting);
    const of = (document: Record<string, unknown>, name: string): Check | undefined =>
      (document['checks'] as readonly Check[]).find((it) => it.name === name);
    expect(of(lost.json(), 'files')).toMatchObject({ ok: false });
    expect(of(lost.json(), 'database')).toMatchObject({ ok: false });
    const fine = await nightshift(dir, ...args);
    expect(of(fine.json(), 'alerts')).toMatchObject({
      ok: true,
      found: expect.stringContaining('receipt') as unknown,
    });
    expect(of(fine.json(), 'prices')).toMatchObject({
      ok: true,
      found: expect.stringMatching(/\d+ days old/) as unknown,
    });
    expect(ntfy.messages().at(-1)?.title).toContain('Test');
  },
  SLOW,
);
