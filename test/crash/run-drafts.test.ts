import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Draft } from '@nightshift/domain';
import { repoRoot } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../../packages/cli/test/command.ts';

const ENTRY = join(repoRoot, 'test/fixtures/agents/drafts.ts');
// Three workers one after the other, each with a probe of its sandbox.
const SLOW = 60_000;

test(
  'where nothing is resident, the next run of an agent does what was approved of it, once',
  async () => {
    const { dir, installation } = await makeSite(`export default {
      timezone: 'UTC',
      actions: { note: { kind: 'append-file', path: 'notes.txt' } },
      agents: { asks: { entry: '${ENTRY}', allow: { actions: ['note'] } } },
    };`);
    const notes = join(dir, 'notes.txt');
    const wish = (text: string): string =>
      JSON.stringify({ wishes: [{ action: 'note', args: { text } }] });
    expect((await nightshift(dir, 'run', 'asks', '--input', wish('one\n'))).code).toBe(0);
    const { drafts } = await installation.store();
    const [asked] = await drafts.list({ state: 'pending', limit: 2 });
    expect((await nightshift(dir, 'drafts', 'approve', asked!.id)).code).toBe(0);
    expect(existsSync(notes)).toBe(false);

    const ran = await nightshift(dir, 'run', 'asks', '--input', wish('two\n'), '--json');
    expect(ran).toMatchObject({ code: 0 });
    const done = ran.json()['drafts'] as readonly Partial<Draft>[];
    expect(done).toMatchObject([{ id: asked!.id, action: 'note', state: 'done' }]);
    expect(readFileSync(notes, 'utf8')).toBe('one\n');
    const again = await nightshift(dir, 'run', 'asks', '--input', wish('two\n'), '--json');
    expect(again.json()['drafts']).toEqual([]);
    expect(readFileSync(notes, 'utf8')).toBe('one\n');
  },
  SLOW,
);
