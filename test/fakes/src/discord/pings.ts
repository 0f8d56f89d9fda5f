import { isObject } from '../http/json.ts';

/** What `allowed_mentions.parse` lets through, with how each is written in a text. */
const MENTIONS = {
  everyone: /@(?:everyone|here)\b/u,
  roles: /<@&\d+>/u,
  users: /<@!?\d+>/u,
} as const;

/**
 * Which kinds of people a message would notify. Without `allowed_mentions` every mention in the
 * content counts; `{ parse: [] }` silences all. Embeds never notify anybody.
 */
export function pingsOf(content: string, allowed: unknown): (keyof typeof MENTIONS)[] {
  const kinds = Object.keys(MENTIONS) as (keyof typeof MENTIONS)[];
  return kinds.filter((kind) => MENTIONS[kind].test(content) && isAllowed(kind, allowed));
}

function isAllowed(kind: keyof typeof MENTIONS, allowed: unknown): boolean {
  if (!isObject(allowed)) return true;
  const { parse } = allowed;
  const named = allowed[kind];
  if (Array.isArray(named) && named.length > 0) return true;
  return Array.isArray(parse) && parse.includes(kind);
}
