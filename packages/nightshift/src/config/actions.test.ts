import { describe, expect, test } from 'vitest';
import { appendFile, type ConfigInput, env, parseConfig, webhookPost } from './index.ts';

const AGENT = { entry: './a.ts' };
const OPTIONS = { file: '/srv/night/nightshift.config.ts', dir: '/srv/night', version: 1 };

function parse(config: Partial<ConfigInput>, resolve?: () => string | null) {
  const given = { agents: { a: AGENT }, ...config };
  return parseConfig(given, resolve === undefined ? OPTIONS : { ...OPTIONS, resolve });
}

describe('actions', () => {
  test('are off: there are none, and no agent may draft any', () => {
    const settings = parse({});
    expect(settings.actions).toEqual({});
    expect(settings.agents[0]?.allow.actions).toEqual([]);
  });

  test('are read with absolute paths and an expiry, and granted by name', () => {
    const settings = parse({
      actions: {
        hook: webhookPost({ url: env('HOOK'), expires: '2h' }),
        note: appendFile({ path: 'notes/today.txt' }),
      },
      agents: { a: { ...AGENT, allow: { actions: ['note', 'note'] } } },
    });
    expect(settings.actions).toEqual({
      hook: { kind: 'webhook-post', url: { env: 'HOOK' }, expiresMs: 7_200_000 },
      note: { kind: 'append-file', path: '/srv/night/notes/today.txt', expiresMs: 259_200_000 },
    });
    expect(settings.agents[0]?.allow.actions).toEqual(['note']);
  });

  test('that are wrong are named with their place, all of them at once', () => {
    const config = {
      actions: {
        Hook: webhookPost({ url: 'https://hooks.test/' }),
        file: webhookPost({ url: 'file:///etc/passwd' }),
        paid: webhookPost({ url: 'https://api.openai.com/v1/chat' }),
        login: webhookPost({ url: 'https://me:pw@hooks.test/' }),
        note: { kind: 'append-file' },
        odd: 'rm -rf',
        long: appendFile({ path: 'x', expires: '365d' }),
      },
      agents: { a: { ...AGENT, allow: { actions: ['nota', 'mail'] } } },
    } as unknown as ConfigInput;
    expect(() => parse(config)).toThrow(
      [
        '9 mistakes in the configuration',
        'actions.Hook: a name is a small letter, then small letters, digits and -',
        'actions.file.url: should begin with https:// or http://, begins with file:',
        'actions.paid.url: model hosts belong in models, where calls are paid for',
        `actions.login.url: should hold no user or password: write env('NAME') where the key belongs`,
        'actions.note.path: is missing: write the path of a file',
        'actions.odd: is a string: use webhookPost() or appendFile()',
        'actions.long.expires: 365d is too long: at most 30d',
        'agents.a.allow.actions[0]: there is no action "nota"; did you mean "note"?',
        'agents.a.allow.actions[1]: there is no action "mail"; ' +
          'there are Hook, file, paid, login, note, odd, long',
      ].join('\n  '),
    );
  });

  test('name their secrets, and a missing one is a mistake', () => {
    const config = { actions: { hook: webhookPost({ url: env('HOOK') }) } };
    expect(() => parse(config, () => null)).toThrow('actions.hook.url: HOOK is not set');
  });
});
