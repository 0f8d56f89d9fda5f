import type { Effects } from '../faults.ts';
import type { Exchange } from '../http/http-server.ts';
import { cut, finish, hang, pause, sendJson, sendText, write } from '../http/http-server.ts';
import type { Core } from '../http/scripted-server.ts';
import { playBeforeAnswer, retryAfterHeader } from '../http/scripted-server.ts';
import type { Bill, OpenRow } from './bill.ts';
import { countOutput, countThinking, speak, type Speech } from './speech.ts';
import type { Choice, ModelCall, ModelWire, Piece, Reply, WireSettings } from './wire.ts';

/** What one call works with. */
export interface ModelContext extends WireSettings {
  readonly bill: Bill;
  readonly speech: (requestBody: Readonly<Record<string, unknown>>) => Speech;
  /** Puts prefixes into the prompt cache. */
  readonly cache: (prefixes: readonly string[]) => void;
}

interface Running {
  readonly wire: ModelWire;
  readonly exchange: Exchange;
  readonly core: Core;
  readonly effects: Effects;
  readonly reply: Reply;
  readonly total: number;
  /** Absent when the call was refused unbilled. */
  readonly row: OpenRow | undefined;
}

/** Answers a model call: refuse, draw a fault, bill the input, generate, bill each token. */
export async function runCall(
  wire: ModelWire,
  exchange: Exchange,
  core: Core,
  context: ModelContext,
): Promise<void> {
  const parsed = wire.parse(exchange, context);
  if ('answer' in parsed) return sendJson(exchange, parsed.answer);
  const { call } = parsed;
  const effects = core.faults.next(call.model);
  const running = open(wire, exchange, core, context, call, effects);
  // A call that was lost without an answer had been generated all the same.
  if (effects.hang === 'before-headers' || effects.resetBeforeByte) billAll(running);
  if (!(await playBeforeAnswer(effects, exchange, core.gate))) return;
  if (fails(effects)) return answerFailure(running);
  if (effects.body !== undefined) return answerRaw(running, effects.body);
  return call.stream ? answerStream(running) : answerWhole(running);
}

function open(
  wire: ModelWire,
  exchange: Exchange,
  core: Core,
  context: ModelContext,
  call: ModelCall,
  effects: Effects,
): Running {
  const model = effects.model ?? call.model;
  const { requestBody, includeUsage } = call;
  const choice = say(effects, call, context);
  const choices = Array.from({ length: call.choices }, () => choice);
  const total = countOutput(choice) * call.choices;
  const thinkingTokens = countThinking(choice) * call.choices;
  const input = inputOf(effects, call);
  const rejected = fails(effects) || effects.resetBeforeByte === true;
  const charged = !rejected || effects.accepted === true;
  const billed = { model, path: wire.path, ...input, thinkingTokens, requestBody };
  const row = charged ? context.bill.open(billed) : undefined;
  if (charged) context.cache(call.caches);
  const truth = wire.usage({ ...input, thinkingTokens, outputTokens: total });
  const usage = claimedUsage(effects, truth);
  const id = row?.row.id ?? 'refused';
  let events = 0;
  const serial = (): number => events++;
  const head = { id, at: Date.now(), model, serial };
  const reply = { ...head, choices, usage, includeUsage, requestBody };
  return { wire, exchange, core, effects, reply, total, row };
}

/** Embeddings know no cache. */
function inputOf(effects: Effects, { input, choices }: ModelCall): ModelCall['input'] {
  const { cachedInputTokens: scripted } = effects;
  if (scripted === undefined || choices === 0) return input;
  const most = input.inputTokens - input.cacheWriteTokens;
  return { ...input, cachedInputTokens: Math.min(scripted, most) };
}

/** A status below 300 is no failure: it belongs to a scripted body. */
function fails(effects: Effects): boolean {
  return (effects.status ?? 200) >= 300 || effects.errorBodyWith200 === true;
}

function say(effects: Effects, call: ModelCall, context: ModelContext): Choice {
  const { replyText, replyTokens, toolCall, thinkingTokens } = effects;
  const text = replyText ?? replyTokens;
  const scripted = text !== undefined || toolCall !== undefined;
  const usual = context.speech(call.requestBody);
  const speech = scripted ? { text, toolCall } : usual;
  const parts = typeof speech === 'object' ? speech : { text: speech };
  const all = thinkingTokens === undefined ? parts : { ...parts, thinkingTokens };
  return speak(all, call.thinks, effects.ignoreLimit === true ? undefined : call.limit);
}

function claimedUsage(
  effects: Effects,
  truth: Record<string, unknown>,
): Record<string, unknown> | undefined {
  if (effects.omitUsage === true) return undefined;
  return { ...truth, ...(effects.costZero === true ? { cost: 0 } : {}), ...effects.usage };
}

function billAll({ row, total }: Running): void {
  row?.generated(total - row.row.outputTokens);
}

async function answerFailure(running: Running): Promise<void> {
  const { wire, exchange, effects } = running;
  billAll(running);
  const status = effects.status ?? 200;
  const headers = retryAfterHeader(effects);
  if (effects.body !== undefined) {
    const type = effects.contentType ?? 'text/html';
    return sendText(exchange, status, { ...headers, 'content-type': type }, effects.body);
  }
  const told = effects.errorBodyWith200 === true ? 500 : status;
  const body = wire.refuse({ status: told, code: effects.code });
  return sendJson(exchange, { status, headers, body });
}

async function answerRaw(running: Running, body: string): Promise<void> {
  const { exchange, effects, row } = running;
  billAll(running);
  row?.complete();
  const type = effects.contentType ?? 'application/json';
  await sendText(exchange, effects.status ?? 200, { 'content-type': type }, body);
}

async function answerWhole(running: Running): Promise<void> {
  const { wire, exchange, effects, reply, row } = running;
  billAll(running);
  const headers = { 'content-type': 'application/json', 'x-request-id': `req-${reply.id}` };
  const text = Buffer.from(JSON.stringify(wire.whole(reply)));
  const half = Math.floor(text.length / 2);
  const midway = [effects.hang, effects.gate].includes('mid-stream');
  if (midway || effects.cutAfterChunks !== undefined) {
    exchange.res.writeHead(200, { ...headers, 'content-length': text.length });
    await write(exchange, text.subarray(0, half));
    if (await stopsMidway(running)) return;
    row?.complete();
    return finish(exchange, text.subarray(half));
  }
  row?.complete();
  await sendText(exchange, 200, headers, text);
}

async function answerStream(running: Running): Promise<void> {
  const { wire, exchange, effects, reply, row } = running;
  const headers = { 'content-type': wire.streamType, 'x-request-id': `req-${reply.id}` };
  exchange.res.writeHead(200, headers);
  exchange.res.flushHeaders();
  await write(exchange, wire.opening(reply));
  const stopAt = effects.cutAfterChunks ?? effects.afterChunks ?? 1;
  const pieces = interleave(reply);
  for (const [sent, piece] of pieces.entries()) {
    if (sent === stopAt && (await stopsMidway(running))) return;
    if (effects.chunkDelayMs !== undefined) await pause(exchange, effects.chunkDelayMs);
    row?.generated(1);
    await write(exchange, wire.chunk(reply, piece));
  }
  // A stop beyond the last content chunk still comes before usage and the end mark.
  if (stopAt >= pieces.length && (await stopsMidway(running))) return;
  row?.complete();
  await finish(exchange, wire.closing(reply));
}

/** Token by token over all choices, as the real streams interleave them. */
function interleave({ choices }: Reply): Piece[] {
  const runs = choices.map(piecesOf);
  const longest = Math.max(0, ...runs.map((run) => run.length));
  return Array.from({ length: longest }, (_, at) => at).flatMap((at) =>
    runs.flatMap((run) => run[at] ?? []),
  );
}

function piecesOf({ parts }: Choice, choice: number): Piece[] {
  return parts.flatMap((part, at) =>
    part.tokens.map((token, n) => {
      const place = { first: n === 0, last: n === part.tokens.length - 1 };
      return { choice, at, part, token, ...place };
    }),
  );
}

/** Plays what may happen in the middle of an answer; true when nothing follows. */
async function stopsMidway({ effects, exchange, core }: Running): Promise<boolean> {
  if (effects.gate === 'mid-stream') await core.gate.hold(exchange);
  if (effects.hang === 'mid-stream') await hang(exchange);
  if (effects.cutAfterChunks === undefined) return false;
  cut(exchange);
  return true;
}
