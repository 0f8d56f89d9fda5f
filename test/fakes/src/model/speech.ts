import { cutJson, filler, tokenise } from './tokens.ts';
import type { Choice } from './wire.ts';

/** A call of a tool that runs at the client. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the model says: text, or so many tokens of filler, or all that a reply can be made of. */
export type Speech = string | number | SpeechParts;

/** A reply in full. What is left out is not said. */
export interface SpeechParts {
  /** Tokens of thinking before the rest; 8 if absent and the request asks for thinking. */
  readonly thinkingTokens?: number | undefined;
  readonly text?: string | number | undefined;
  readonly toolCall?: ToolCall | undefined;
}

/** A run of output of one kind, token by token. */
export type Part =
  | { readonly kind: 'thinking'; readonly tokens: readonly string[] }
  | { readonly kind: 'text'; readonly tokens: readonly string[] }
  | { readonly kind: 'tool'; readonly name: string; readonly tokens: readonly string[] };

/** Tokens of thinking when it is asked for and nothing else was scripted. */
const DEFAULT_THINKING_TOKENS = 8;

/** Turns what is to be said into parts, cut at `limit` tokens over all of them. */
export function speak(speech: Speech, thinks: boolean, limit: number | undefined): Choice {
  const said = typeof speech === 'object' ? speech : { text: speech };
  const parts = partsOf(said, thinks);
  if (limit === undefined) return { parts, truncated: false };
  let left = limit;
  const kept = parts.map((part) => {
    const tokens = part.tokens.slice(0, left);
    left -= tokens.length;
    return { ...part, tokens };
  });
  const truncated = countOutput({ parts }) > limit;
  return { parts: kept.filter(({ tokens }) => tokens.length > 0), truncated };
}

function partsOf({ thinkingTokens, text, toolCall }: SpeechParts, thinks: boolean): Part[] {
  const thoughts = thinkingTokens ?? (thinks ? DEFAULT_THINKING_TOKENS : 0);
  const words = typeof text === 'number' ? filler(text) : tokenise(text ?? '');
  const parts: Part[] = [
    { kind: 'thinking', tokens: filler(thoughts) },
    { kind: 'text', tokens: words },
  ];
  if (toolCall !== undefined) {
    const tokens = cutJson(toolCall.arguments);
    parts.push({ kind: 'tool', name: toolCall.name, tokens });
  }
  return parts.filter(({ tokens }) => tokens.length > 0);
}

/** All tokens of a reply. */
export function countOutput({ parts }: Pick<Choice, 'parts'>): number {
  return parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/** Tokens of a reply that are thinking. */
export function countThinking({ parts }: Pick<Choice, 'parts'>): number {
  return countOutput({ parts: parts.filter(({ kind }) => kind === 'thinking') });
}

/** What a reply says of one kind, joined. */
export function saidAs(kind: Part['kind'], { parts }: Pick<Choice, 'parts'>): string {
  return parts.flatMap((part) => (part.kind === kind ? part.tokens : [])).join('');
}

/** The arguments of a tool call, as an object; empty when the limit cut them. */
export function argumentsOf({ tokens }: Pick<Part, 'tokens'>): unknown {
  try {
    return JSON.parse(tokens.join(''));
  } catch {
    return {};
  }
}
