import { createHash } from 'node:crypto';
import { isObject } from '../../http/json.ts';
import { countText, countValue } from '../tokens.ts';
import type { InputMeters, ModelCall } from '../wire.ts';

/*
 * How Anthropic counts a prompt: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 * Tools, system and messages are one sequence of blocks. A block with `cache_control` ends a
 * prefix: the longest prefix that is cached already is read, and what lies between it and the later
 * marks is written, each stretch for the lifetime of the mark that ends it. Unlike the real server
 * this one has no least size for a prefix, and forgets nothing.
 */

/** System prompt that comes along with tools, in tokens. */
const TOOL_PROMPT_TOKENS = 346;

/** What a message costs beyond its text, and what primes the reply. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_REQUEST = 3;

/** One block of the sequence; `ttl` when a cached prefix ends with it. */
interface Block {
  readonly tokens: number;
  readonly text: string;
  readonly ttl: '5m' | '1h' | undefined;
}

/** Counts a prompt, and names the prefixes that it leaves in the cache. */
export function countPrompt(
  model: string,
  body: Readonly<Record<string, unknown>>,
  isCached: (prefix: string) => boolean,
): Pick<ModelCall, 'input' | 'caches'> {
  const hash = createHash('sha256').update(model);
  const meters = { inputTokens: 0, cachedInputTokens: 0 };
  const caches: string[] = [];
  let writes = { short: 0, long: 0 };
  let marked = 0;
  for (const { tokens, text, ttl } of blocksOf(body)) {
    meters.inputTokens += tokens;
    hash.update(text).update('\n');
    if (ttl === undefined) continue;
    const prefix = hash.copy().digest('hex');
    caches.push(prefix);
    const stretch = meters.inputTokens - marked;
    marked = meters.inputTokens;
    if (isCached(prefix)) {
      // Whatever came before is part of this longer prefix.
      meters.cachedInputTokens = meters.inputTokens;
      writes = { short: 0, long: 0 };
    } else writes[ttl === '1h' ? 'long' : 'short'] += stretch;
  }
  const input: InputMeters = {
    inputTokens: meters.inputTokens + TOKENS_PER_REQUEST,
    cachedInputTokens: meters.cachedInputTokens,
    cacheWriteTokens: writes.short + writes.long,
    cacheWriteLongTokens: writes.long,
  };
  return { input, caches };
}

function blocksOf(body: Readonly<Record<string, unknown>>): Block[] {
  const tools = listOf(body['tools']);
  const prompt =
    tools.length === 0 ? [] : [{ tokens: TOOL_PROMPT_TOKENS, text: '', ttl: undefined }];
  const blocks: Block[] = [
    ...prompt,
    ...tools.map(definition),
    ...listOf(body['system']).map((part) => blockOf(part, countValue(part))),
    ...listOf(body['messages']).flatMap(messageBlocks),
    ...listOf(body['output_config']).map(definition),
  ];
  const whole = ttlOf(body);
  const last = blocks.findLastIndex(({ tokens }) => tokens > 0);
  // A mark on the request itself stands at its last block.
  return blocks.map((block, at) => (at === last ? { ...block, ttl: block.ttl ?? whole } : block));
}

function messageBlocks(message: unknown): Block[] {
  const { role, content } = message as { role: string; content: unknown };
  const start = { tokens: TOKENS_PER_MESSAGE, text: role, ttl: undefined };
  return [start, ...listOf(content).map((part) => blockOf(part, countValue(part)))];
}

/** Definitions and schemas count as their JSON text. */
function definition(part: unknown): Block {
  const { text, ttl } = blockOf(part, 0);
  return { tokens: countText(text), text, ttl };
}

/** A mark is not part of the prefix that it ends. */
function blockOf(part: unknown, tokens: number): Block {
  const text = JSON.stringify(part, (key, value: unknown) =>
    key === 'cache_control' ? undefined : value,
  );
  return { tokens, text, ttl: ttlOf(part) };
}

function ttlOf(part: unknown): Block['ttl'] {
  const mark = isObject(part) ? part['cache_control'] : undefined;
  if (!isObject(mark)) return undefined;
  return mark['ttl'] === '1h' ? '1h' : '5m';
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
