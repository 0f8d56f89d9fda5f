import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import type { AgentModel } from 'nightshift';
import { extract } from './extract.ts';

/**
 * A language model that sends nothing and costs nothing: it answers a prompt with the sentences of
 * the prompt's last user message that say most. It cannot follow instructions, call tools or make
 * JSON, and says so as warnings; an agent can ask `model.extractive`.
 */
export function extractiveModel(): AgentModel {
  return {
    specificationVersion: 'v4',
    provider: 'nightshift.extractive',
    modelId: 'extractive',
    supportedUrls: {},
    extractive: true,
    doGenerate: async (options) => answer(options),
    doStream: async (options) => ({ stream: streamOf(answer(options)) }),
  };
}

const STOP: LanguageModelV4FinishReason = { unified: 'stop', raw: undefined };
const NOTHING_USED: LanguageModelV4Usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

/** Longest answer when the caller sets no limit, in characters: a paragraph. */
const DEFAULT_CHARS = 800;
/** The usual rough size of an English token; only a length is derived from it, never a price. */
const CHARS_PER_TOKEN = 4;

function answer(options: LanguageModelV4CallOptions): LanguageModelV4GenerateResult {
  const tokens = options.maxOutputTokens;
  const chars = tokens === undefined ? DEFAULT_CHARS : tokens * CHARS_PER_TOKEN;
  const text = extract(lastUserText(options), Math.min(chars, DEFAULT_CHARS * 5));
  return {
    content: [{ type: 'text', text }],
    finishReason: STOP,
    usage: NOTHING_USED,
    warnings: warningsFor(options),
  };
}

function lastUserText({ prompt }: LanguageModelV4CallOptions): string {
  const message = prompt.findLast((it) => it.role === 'user');
  if (message === undefined) return '';
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

function warningsFor(
  options: LanguageModelV4CallOptions,
): LanguageModelV4GenerateResult['warnings'] {
  const features: string[] = [];
  if ((options.tools?.length ?? 0) > 0) features.push('tools');
  if (options.responseFormat?.type === 'json') features.push('responseFormat');
  return features.map((feature) => ({ type: 'unsupported', feature }));
}

function streamOf(
  result: LanguageModelV4GenerateResult,
): ReadableStream<LanguageModelV4StreamPart> {
  const [text] = result.content;
  const id = '0';
  const parts: LanguageModelV4StreamPart[] = [
    { type: 'stream-start', warnings: result.warnings },
    { type: 'text-start', id },
    { type: 'text-delta', id, delta: text?.type === 'text' ? text.text : '' },
    { type: 'text-end', id },
    { type: 'finish', usage: result.usage, finishReason: result.finishReason },
  ];
  return ReadableStream.from(parts);
}
