/*
 * Remote ends for tests: a model provider that keeps its own bill, ntfy, Discord, and the web.
 *
 * They are real servers on loopback, because the things under test are sockets, processes and
 * money, and a mock of those proves nothing. Each checks what the real API checks, stores what it
 * accepted, and does wrong what its script says (`faults.ts` has the vocabulary). A gate holds a
 * call until it is released, so that a test can kill a process provably in the middle of one.
 * Nothing of the project is imported: the bill has its own prices, tokens and arithmetic, and can
 * therefore disagree with the ledger. Other processes reach scripts and stores through `/__` pages.
 */
export type { DiscordMessage, DiscordOptions, DiscordServer, Webhook } from './discord.ts';
export { startDiscord } from './discord.ts';
export type { ModelFault, ReceiverFault } from './faults.ts';
export { BadScript } from './faults.ts';
export type { RequestRecord } from './http/request-log.ts';
export type { ScriptedServer } from './http/scripted-server.ts';
export type { ModelServer, ModelServerOptions } from './model-server.ts';
export { startModelServer } from './model-server.ts';
export type { BillRow, BillStatement, ModelPrice, PriceTable } from './model/bill.ts';
export type { Speech, SpeechParts, ToolCall } from './model/speech.ts';
export type { NtfyMessage, NtfyOptions, NtfyServer } from './ntfy.ts';
export { startNtfy } from './ntfy.ts';
export type { WebOptions, WebServer } from './web.ts';
export { startWeb } from './web.ts';
export type { Page, Script } from './web/page.ts';
