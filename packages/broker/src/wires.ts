import type { Wire } from './wire.ts';
import { ollamaChat } from './wires/ollama-chat.ts';
import { openaiChat } from './wires/openai-chat.ts';

/** Every wire there is. What none of them recognises does not leave for a model endpoint. */
export const WIRES: readonly Wire[] = [openaiChat, ollamaChat];
