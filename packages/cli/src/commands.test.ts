import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { makeSite, nightshift } from '../test/command.ts';
import { CATALOG } from './catalog.ts';

// A command takes a third of a second by itself, and more on a busy machine.
const SLOW = 30_000;
// Everything a terminal would obey or hide, but for the line feed.
const UNSAFE = /\p{Cc}|\p{Bidi_Control}/gu;

test(
  'help lists every command, says the exit codes, and hides the demonstration',
  async () => {
    const { code, stdout } = await nightshift(tempDir(), '--help');
    expect(code).toBe(0);
    for (const { name, hidden } of CATALOG) {
      expect({ name, listed: new RegExp(`^  ${name} `, 'm').test(stdout) }).toEqual({
        name,
        listed: hidden !== true,
      });
    }
    expect(stdout).toContain('78 configuration');
  },
  SLOW,
);

test(
  'every command has examples',
  async () => {
    const { Command } = await import('commander');
    const { createCli } = await import('./cli.ts');
    const { createPrinter } = await import('./printer.ts');
    for (const entry of CATALOG) {
      const { name } = entry;
      let text = '';
      const stream = { write: (it: string) => void (text += it) };
      const cli = createCli(createPrinter({ stdout: stream, stderr: stream }, false), false);
      const command = new Command(name);
      (await entry.load()).define(command, cli);
      for (const each of [command, ...command.commands]) {
        text = '';
        each.configureOutput({ writeOut: (it) => void (text += it) }).outputHelp();
        expect(text, `${name} ${each.name()}`).toContain('Examples:\n  $ nightshift ');
      }
    }
  },
  SLOW,
);

test(
  'a mistyped command is a usage error with the nearest name, for people and programs',
  async () => {
    const dir = tempDir();
    const person = await nightshift(dir, 'stauts');
    expect(person).toMatchObject({ code: 64, stdout: '' });
    expect(person.stderr).toBe(
      "nightshift: usage: unknown command 'stauts'\n  fix  Did you mean status?\n",
    );
    const program = await nightshift(dir, 'jobs', 'lisst', '--json');
    expect(program.code).toBe(64);
    expect(program.json()).toMatchObject({ schema: 1, error: { code: 'usage', at: null } });
  },
  SLOW,
);

test(
  'status --json is one document with exactly the keys of the contract',
  async () => {
    const { dir } = await makeSite();
    const { code, json, stderr } = await nightshift(dir, 'status', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(shape(json())).toEqual({
      schema: 'number',
      halted: 'boolean',
      services: [
        {
          name: 'string',
          pid: 'null',
          instance: 'null',
          phase: 'string',
          beatAgeMs: 'null',
          healthy: 'boolean',
        },
      ],
      spend: {
        day: 'string',
        settledUsd: 'number',
        heldUsd: 'number',
        presumedUsd: 'number',
        capUsd: 'number',
      },
      queue: { queued: 'number', waiting: 'number', running: 'number', dead: 'number' },
      drafts: { waiting: 'number', oldestAt: 'null' },
      breakers: [],
      alerts: { open: 'number' },
      next: [],
      drills: [],
      value: {
        sinceAt: 'number',
        reports: 'number',
        savedUsd: 'number',
        spentUsd: 'number',
        netUsd: 'number',
        agents: [],
      },
      sandbox: { launcher: 'null' },
      config: { error: 'null', capsHold: 'boolean' },
    });
  },
  SLOW,
);

test(
  'a command where there is no state, or the state is not ours, exits 78 and makes nothing',
  async () => {
    const dir = tempDir();
    const missing = await nightshift(dir, 'status', '--json');
    expect(missing.code).toBe(78);
    expect(missing.json()).toMatchObject({ error: { code: 'state-dir-missing' } });
    const foreign = tempDir();
    writeFileSync(join(foreign, 'nightshift.db'), 'a file of somebody else, not a database at all');
    const refused = await nightshift(dir, 'status', '--state-dir', foreign);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toMatch(
      /^nightshift: [a-z-]+: .*\n {2}at {3}.*nightshift\.db\n {2}fix {2}/,
    );
  },
  SLOW,
);

test(
  'a broken configuration is refused with every mistake at once',
  async () => {
    const { dir } = await makeSite();
    writeFileSync(
      join(dir, 'nightshift.config.ts'),
      `export default { timezon: 'UTC', agents: { a: { entry: './none.ts', attempts: -1 } } };`,
    );
    const { code, json } = await nightshift(dir, 'check', '--json');
    expect(code).toBe(78);
    const { message } = json()['error'] as { message: string };
    expect(message).toContain('timezon');
    expect(message).toContain('agents.a.attempts');
  },
  SLOW,
);

test(
  'text of a payload cannot colour a list, and a pipe gets no escape at all',
  async () => {
    const { dir, installation } = await makeSite();
    const { jobs, reports } = await installation.store();
    const input = { note: '\u001b[31mred\u202e' };
    const asked = { key: 'k', agent: 'digest', input, maxAttempts: 1 };
    const { job } = await jobs.enqueue(asked, installation.actor);
    const leaseUntil = installation.clock.now() + 60_000;
    const claim = { job: job!.id, instance: 'w', leaseUntil, maxRunningOfAgent: 1, source: null };
    const { fence } = (await jobs.claim(claim))!;
    const title = '\u001b]0;owned\u0007news\u202e';
    await reports.file(fence, { title, body: '# b\u001b[2Jody', data: null, notify: false });
    const error = { code: 'x', message: 'line\u001b[2J one\nline two' };
    await jobs.settle(fence, { kind: 'dead', error });
    for (const words of [
      ['jobs', 'list'],
      ['jobs', 'show', job!.id],
      ['reports', 'show', 'latest'],
    ]) {
      const { code, stdout, stderr } = await nightshift(dir, ...words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(words.concat(stdout.replaceAll('\n', '').match(UNSAFE) ?? [])).toEqual(words);
    }
  },
  SLOW,
);

test('a halt is the first line of every command until it is resumed', async () => {
  const { dir } = await makeSite();
  const halted = await nightshift(dir, 'halt', '--reason', 'testing the stop', '--json');
  expect(halted.json()).toMatchObject({ schema: 1, halted: true, row: true, failed: [] });
  const status = await nightshift(dir, 'status', '--json');
  expect(status.json()).toMatchObject({ halted: true });
  expect(status.stderr).toMatch(/^HALTED by person:.*: testing the stop {2}\(nightshift resume/);
  expect((await nightshift(dir, 'status', '--check')).code).toBe(1);
  const refused = await nightshift(dir, 'run', 'digest', '--json');
  expect(refused.code).toBe(69);
  expect((await nightshift(dir, 'resume')).stdout).toContain('resumed');
  expect((await nightshift(dir, 'jobs', 'list', '--json')).json()).toEqual({ schema: 1, jobs: [] });
}, 60_000);

test(
  'a demonstration without a repository says what to name, and leaves nothing',
  async () => {
    const dir = tempDir();
    const { code, stderr } = await nightshift(dir, 'start', '--path', '.');
    expect(code).toBe(64);
    expect(stderr).toContain('no git repository');
    expect(stderr).toContain('--path DIR');
  },
  SLOW,
);

/** Names and types of a document: of a list, those of its first element. */
function shape(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, shape(it)]));
}
