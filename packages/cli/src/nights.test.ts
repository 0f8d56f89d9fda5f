import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../test/command.ts';

const SLOW = 30_000;

test(
  'nights fails with the days and the reasons, from the databases alone',
  async () => {
    const { dir } = await makeSite();
    // What the databases say holds also while the configuration is broken.
    writeFileSync(join(dir, 'nightshift.config.ts'), 'export default {');
    const program = await nightshift(dir, 'nights', '--days', '2', '--json');
    expect(program).toMatchObject({ code: 1, stderr: '' });
    expect(program.json()).toMatchObject({ schema: 1, ok: false, consecutive: 0, timezone: 'UTC' });
    const { days } = program.json() as { days: { whole: boolean; reasons: string[] }[] };
    expect(days.map((it) => it.whole)).toEqual([true, true, false]);
    expect(days[0]!.reasons).toContain('no service was up');
    const person = await nightshift(dir, 'nights', '--days', '2');
    expect(person.code).toBe(1);
    expect(person.stdout).toContain('no service was up');
    expect(person.stdout).toContain('0 of 2 days ran unattended within every limit');
  },
  SLOW,
);

test(
  'nights takes whole numbers of days only',
  async () => {
    const { dir } = await makeSite();
    for (const days of ['0', '-1', '1.5', 'many', '99999999']) {
      const { code, stdout } = await nightshift(dir, 'nights', `--days=${days}`);
      expect({ days, code, stdout }).toEqual({ days, code: 64, stdout: '' });
    }
  },
  SLOW,
);
