import type { Wire } from './wire.ts';
import { anthropicMessages } from './wires/anthropic-messages.ts';
import { ollamaChat } from './wires/ollama-chat.ts';
import { ollamaEmbed } from './wires/ollama-embed.ts';
import { ollamaGenerate } from './wires/ollama-generate.ts';
import { openaiChat } from './wires/openai-chat.ts';
import { openaiEmbeddings } from './wires/openai-embeddings.ts';
import { openaiResponses } from './wires/openai-responses.ts';

/** Every wire there is. What none of them recognises does not leave for a model endpoint. */
export const WIRES: readonly Wire[] = [
  openaiChat,
  openaiResponses,
  openaiEmbeddings,
  anthropicMessages,
  ollamaChat,
  ollamaGenerate,
  ollamaEmbed,
];
