import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startWeb } from '@nightshift/fakes';
import { manualClock, onCleanup, tempDir } from '@nightshift/support';
import type { ActionEnd, ActionSettings } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { NEVER, reasonOf } from '../test/rig.ts';
import { type ActionOptions, createActions } from './index.ts';

const WEB = 'https://hooks.test/x';
const webhook = (url: string): ActionSettings => ({ kind: 'webhook-post', url, expiresMs: 1 });
const file = (name: string): ActionSettings => ({ kind: 'append-file', path: name, expiresMs: 1 });
const text = (value: string): string => JSON.stringify({ text: value });

function actions(over: Partial<ActionOptions> = {}) {
  return createActions({
    endpoints: [],
    stopFile: () => false,
    secret: ({ env }) => (env === 'HOOK' ? 'https://hooks.test/secret-path' : null),
    clock: manualClock(),
    userAgent: 'nightshift/test',
    protect: [],
    resolve: async () => [{ address: '10.0.0.1', family: 4 }],
    ...over,
  });
}

/** Prepares and acts. */
async function act(
  action: ActionSettings,
  args: string,
  over: Partial<ActionOptions> = {},
): Promise<ActionEnd> {
  return (await actions(over).prepare(action, args, NEVER))(NEVER);
}

describe('a webhook', () => {
  test('gets the approved bytes and nothing of the agent', async () => {
    const web = await startWeb({ routes: { '/in': { status: 202 } } });
    onCleanup(() => web.close());
    const args = '{"a":1.0}';
    const end = await act(webhook(`${web.url}/in?k=1`), args);
    expect(end).toEqual({ happened: 'yes', result: '127.0.0.1 answered 202' });
    const [request] = web.requests();
    expect(request).toMatchObject({ method: 'POST', path: '/in?k=1', rawBody: args });
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json' });
  });

  test('that redirects is not followed, and is told as not done', async () => {
    const web = await startWeb({
      routes: { '/in': { redirect: '/other', status: 307 }, '/other': { status: 200 } },
    });
    onCleanup(() => web.close());
    expect(await act(webhook(`${web.url}/in`), '1')).toMatchObject({ happened: 'no' });
    expect(web.count('/other')).toBe(0);
  });

  test.each([
    ['answers 500', { status: 500 }, 'unknown'],
    ['closes the connection', { reset: true }, 'unknown'],
    ['answers 404', { status: 404 }, 'no'],
  ] as const)('that %s is told as %s', async (_what, page, happened) => {
    const web = await startWeb({ routes: { '/in': page } });
    onCleanup(() => web.close());
    expect(await act(webhook(`${web.url}/in`), '1')).toMatchObject({ happened });
  });

  test('that is silent until the time limit may have acted', async () => {
    const web = await startWeb({ routes: { '/in': { silent: true } } });
    onCleanup(() => web.close());
    const end = await act(webhook(`${web.url}/in`), '1', { egress: { hopMs: 200 } });
    expect(end).toMatchObject({ happened: 'unknown' });
  });

  test('whose name leads to a private address, or which serves models, is refused', async () => {
    expect(await reasonOf(actions().prepare(webhook(WEB), '1', NEVER))).toBe('host-denied');
    const model = webhook('https://api.openai.com/v1/chat/completions');
    expect(await reasonOf(actions().prepare(model, '1', NEVER))).toBe('host-denied');
    const stopped = actions({ stopFile: () => true, resolve: async () => [] });
    expect(await reasonOf(stopped.prepare(webhook(WEB), '1', NEVER))).toBe('halted');
  });

  test('whose name nobody answers for is given up, and may be tried again', async () => {
    const resolve = (): Promise<never> => new Promise(() => undefined);
    const slow = actions({ resolve, egress: { lookupMs: 20 } });
    await expect(slow.prepare(webhook(WEB), '1', NEVER)).rejects.toMatchObject({
      code: 'fetch-timeout',
      retryable: true,
    });
    const stop = new AbortController();
    const ending = actions({ resolve }).prepare(webhook(WEB), '1', stop.signal);
    stop.abort();
    await expect(ending).rejects.toMatchObject({ code: 'fetch-aborted' });
  });

  test('is connected to at the address that was vetted, and resolved once', async () => {
    const web = await startWeb({ routes: { '/in': { status: 200 } } });
    onCleanup(() => web.close());
    let asked = 0;
    const over = {
      isPublic: () => true,
      resolve: async () => [
        { address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 as const },
      ],
    };
    const end = await act(webhook(`http://hooks.test:${web.port}/in`), '1', over);
    expect({ end, asked }).toMatchObject({ end: { happened: 'yes' }, asked: 1 });
  });

  test('is shown without its secret', () => {
    const named: ActionSettings = { kind: 'webhook-post', url: { env: 'HOOK' }, expiresMs: 1 };
    const target = actions().target(named);
    expect(target.text).toBe('POST to https://hooks.test/… (the URL in HOOK)');
    expect(target.exact).toContain('secret-path');
    const missing: ActionSettings = { ...named, url: { env: 'NONE' } };
    expect(() => actions().target(missing)).toThrow('NONE is not set');
  });
});

describe('a file', () => {
  test('gets the text at its end, as it is, and is made where it is missing', async () => {
    const target = path.join(tempDir(), 'notes.txt');
    expect(await act(file(target), text('one\n'))).toMatchObject({ happened: 'yes' });
    expect(await act(file(target), text('two'))).toMatchObject({ happened: 'yes' });
    expect(readFileSync(target, 'utf8')).toBe('one\ntwo');
    expect(lstatSync(target).mode & 0o777).toBe(0o600);
  });

  test('that is a link, a folder, or in a folder that is not there, is left alone', async () => {
    const dir = tempDir();
    const real = path.join(dir, 'real.txt');
    writeFileSync(real, 'mine');
    symlinkSync(real, path.join(dir, 'link.txt'));
    mkdirSync(path.join(dir, 'folder'));
    for (const name of ['link.txt', 'folder']) {
      expect(await act(file(path.join(dir, name)), text('x'))).toMatchObject({
        happened: 'no',
      });
    }
    expect(readFileSync(real, 'utf8')).toBe('mine');
    const nowhere = actions().prepare(file(path.join(dir, 'none/x.txt')), text('x'), NEVER);
    expect(await reasonOf(nowhere)).toContain('action-file-denied');
  });

  test('in the state folder is refused, also by another way to it', async () => {
    const dir = tempDir();
    const state = path.join(dir, 'state');
    mkdirSync(state);
    symlinkSync(state, path.join(dir, 'alias'));
    for (const name of ['state/nightshift.db', 'alias/nightshift.db']) {
      const prepared = actions({ protect: [state] }).prepare(
        file(path.join(dir, name)),
        text('x'),
        NEVER,
      );
      expect(await reasonOf(prepared)).toContain('it lies in the state folder');
    }
  });

  test.each(['{}', '"x"', 'null', '[]', '{"text":""}', '{"text":1}', '{"text":"x","to":"y"}'])(
    'takes no arguments like %s',
    (args) => {
      expect(() => actions().checkArgs(file('/x'), args)).toThrow('{ text }');
    },
  );
});
