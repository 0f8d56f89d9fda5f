import { resolve as resolvePath } from 'node:path';
import { z } from 'zod';
import type { ActionSettings } from '@nightshift/domain';
import { WrongValue, type Mistakes } from './mistakes.ts';
import { isPaidHost, webUrl } from './places.ts';
import { check, closed, entriesOf, leaf } from './schema.ts';
import { secretOr, type ResolveSecret } from './secret.ts';
import { duration, kindOf, string } from './values.ts';

/** Names of actions are also names of queues and appear in commands. */
const ACTION_NAME = /^[a-z][a-z0-9-]{0,62}$/;

const EXPIRES_DEFAULT_MS = 72 * 3_600_000;
const expires = leaf(duration('1m', '30d')).optional();

/** The actions that are right; what is wrong with the others goes on the list. */
export function readActions(
  raw: unknown,
  dir: string,
  found: Mistakes,
  resolve?: ResolveSecret,
): {
  readonly names: readonly string[];
  readonly right: Readonly<Record<string, ActionSettings>>;
} {
  const entries = entriesOf(raw ?? {}, '{ notify: webhookPost({ url }) }', ['actions'], found);
  const right: Record<string, ActionSettings> = {};
  for (const [name, value] of entries) {
    if (!ACTION_NAME.test(name)) {
      found.add(['actions', name], 'a name is a small letter, then small letters, digits and -');
      continue;
    }
    const action = check(actionSchema(value, dir, resolve), value, ['actions', name], found);
    if (action !== undefined) right[name] = action;
  }
  return { names: entries.map(([name]) => name), right };
}

function actionSchema(
  value: unknown,
  dir: string,
  resolve?: ResolveSecret,
): z.ZodType<ActionSettings> {
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (kind === 'webhook-post') return webhookSchema(resolve);
  if (kind === 'append-file') return appendSchema(dir);
  return leaf((): ActionSettings => {
    const is = typeof value === 'object' ? 'something else' : kindOf(value);
    throw new WrongValue(`is ${is}: use webhookPost() or appendFile()`);
  });
}

function webhookSchema(resolve?: ResolveSecret): z.ZodType<ActionSettings> {
  return closed({
    kind: z.literal('webhook-post'),
    url: leaf(secretOr(webhookUrl, resolve)),
    expires,
  }).transform(({ url, expires: ms }): ActionSettings => ({
    kind: 'webhook-post',
    url,
    expiresMs: ms ?? EXPIRES_DEFAULT_MS,
  }));
}

function webhookUrl(value: unknown): string {
  const url = webUrl(value, 'the URL of a webhook');
  if (isPaidHost(url.hostname)) {
    throw new WrongValue('model hosts belong in models, where calls are paid for');
  }
  return url.href;
}

function appendSchema(dir: string): z.ZodType<ActionSettings> {
  return closed({
    kind: z.literal('append-file'),
    path: leaf((value) => resolvePath(dir, string(value, 'the path of a file'))),
    expires,
  }).transform(({ path, expires: ms }): ActionSettings => ({
    kind: 'append-file',
    path,
    expiresMs: ms ?? EXPIRES_DEFAULT_MS,
  }));
}
