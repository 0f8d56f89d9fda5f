import { isObject } from '../http/json.ts';

/*
 * Limits of a message: https://discord.com/developers/docs/resources/message#embed-object-embed-limits
 * Lengths are counted in UTF-16 units, the strictest reading of "characters".
 */

const CONTENT_LIMIT = 2000;
const MAX_EMBEDS = 10;
const MAX_FIELDS = 25;

/** Over all embeds of a message together. */
const EMBEDS_TOTAL = 6000;

const NAME_LIMIT = 256;
const DESCRIPTION_LIMIT = 4096;
const FIELD_VALUE_LIMIT = 1024;
const FOOTER_LIMIT = 2048;

/** One mistake in a form, at a path such as `embeds.0.title`. */
export interface FormError {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** A text of an embed with its place and its limit. */
interface Part {
  readonly path: string;
  readonly value: unknown;
  readonly limit: number;
}

/** All mistakes in a message; empty when Discord would take it. */
export function checkMessage(body: Record<string, unknown>): FormError[] {
  const { content, embeds = [] } = body;
  const contentErrors = checkText({ path: 'content', value: content, limit: CONTENT_LIMIT });
  if (!Array.isArray(embeds) || !embeds.every(isObject)) {
    return [...contentErrors, { path: 'embeds', ...wrongType('a list of embeds') }];
  }
  return [...contentErrors, ...checkEmbeds(embeds)];
}

function checkEmbeds(embeds: readonly Record<string, unknown>[]): FormError[] {
  const tooMany = checkCount('embeds', embeds.length, MAX_EMBEDS);
  const parts = embeds.flatMap((embed, index) => partsOf(embed, `embeds.${index}`));
  const crowded = embeds.flatMap(({ fields }, index) =>
    Array.isArray(fields) ? checkCount(`embeds.${index}.fields`, fields.length, MAX_FIELDS) : [],
  );
  const errors = [...tooMany, ...crowded, ...parts.flatMap(checkText)];
  const total = parts.reduce((sum, { value }) => sum + lengthOf(value), 0);
  if (total <= EMBEDS_TOTAL) return errors;
  const message = `Embed size exceeds maximum size of ${EMBEDS_TOTAL}`;
  return [...errors, { path: 'embeds', code: 'MAX_EMBED_SIZE_EXCEEDED', message }];
}

function partsOf(embed: Record<string, unknown>, path: string): Part[] {
  const { title, description, footer, author, fields } = embed;
  const named = (Array.isArray(fields) ? fields : []).filter(isObject);
  return [
    { path: `${path}.title`, value: title, limit: NAME_LIMIT },
    { path: `${path}.description`, value: description, limit: DESCRIPTION_LIMIT },
    { path: `${path}.footer.text`, value: member(footer, 'text'), limit: FOOTER_LIMIT },
    { path: `${path}.author.name`, value: member(author, 'name'), limit: NAME_LIMIT },
    ...named.flatMap(({ name, value }, index) => [
      { path: `${path}.fields.${index}.name`, value: name ?? 0, limit: NAME_LIMIT },
      { path: `${path}.fields.${index}.value`, value: value ?? 0, limit: FIELD_VALUE_LIMIT },
    ]),
  ];
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}

function checkText({ path, value, limit }: Part): FormError[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'string') return [{ path, ...wrongType('a text') }];
  if (value.length <= limit) return [];
  const message = `Must be ${limit} or fewer in length.`;
  return [{ path, code: 'BASE_TYPE_MAX_LENGTH', message }];
}

function checkCount(path: string, count: number, limit: number): FormError[] {
  if (count <= limit) return [];
  return [{ path, code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${limit} or fewer in length.` }];
}

function wrongType(wanted: string): { code: string; message: string } {
  return { code: 'BASE_TYPE_BAD_TYPE', message: `Must be ${wanted}.` };
}

/** Nests mistakes by path, the shape of Discord's `errors` member. */
export function nestErrors(errors: readonly FormError[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path, code, message } of errors) {
    const leaf = path.split('.').reduce<Record<string, unknown>>((node, key) => {
      node[key] ??= {};
      return node[key] as Record<string, unknown>;
    }, root);
    leaf['_errors'] = [...((leaf['_errors'] as unknown[] | undefined) ?? []), { code, message }];
  }
  return root;
}
