import type { Effects } from '../faults.ts';
import type { Exchange } from '../http/http-server.ts';
import { cut, finish, hang, pause, sendJson, sendText, write } from '../http/http-server.ts';
import type { Core } from '../http/scripted-server.ts';
import { playBeforeAnswer, retryAfterHeader } from '../http/scripted-server.ts';
import type { Bill, OpenRow } from './bill.ts';
import { filler, tokenise } from './tokens.ts';
import type { ChatCall, Choice, ModelWire, Reply, WireSettings } from './wire.ts';

/** What the model says: text, or so many tokens of filler. */
export type Speech = string | number;

/** What one call works with. */
export interface ModelContext extends WireSettings {
  readonly bill: Bill;
  readonly speech: (requestBody: unknown) => Speech;
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

/** Answers a chat call: refuse, draw a fault, bill the input, generate, bill each token. */
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
  call: ChatCall,
  effects: Effects,
): Running {
  const model = effects.model ?? call.model;
  const { inputTokens, requestBody, includeUsage } = call;
  const billed = { model, path: wire.path, inputTokens, requestBody };
  const rejected = fails(effects) || effects.resetBeforeByte === true;
  const row = rejected && !effects.accepted ? undefined : context.bill.open(billed);
  const choice = speak(effects, call, context);
  const choices = Array.from({ length: call.choices }, () => choice);
  const total = choice.tokens.length * choices.length;
  const usage = claimedUsage(effects, wire.usage(inputTokens, total));
  const id = row?.row.id ?? 'refused';
  const reply = { id, at: Date.now(), model, choices, usage, includeUsage };
  return { wire, exchange, core, effects, reply, total, row };
}

/** A status below 300 is no failure: it belongs to a scripted body. */
function fails(effects: Effects): boolean {
  return (effects.status ?? 200) >= 300 || effects.errorBodyWith200 === true;
}

function speak(effects: Effects, call: ChatCall, context: ModelContext): Choice {
  const scripted = effects.replyText ?? effects.replyTokens;
  const speech = scripted ?? context.speech(call.requestBody);
  const all = typeof speech === 'string' ? tokenise(speech) : filler(speech);
  const limit = effects.ignoreLimit === true ? undefined : call.limit;
  return { tokens: all.slice(0, limit), truncated: limit !== undefined && all.length > limit };
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
  for (const [sent, { index, token }] of pieces.entries()) {
    if (sent === stopAt && (await stopsMidway(running))) return;
    if (effects.chunkDelayMs !== undefined) await pause(exchange, effects.chunkDelayMs);
    row?.generated(1);
    await write(exchange, wire.chunk(reply, index, token));
  }
  // A stop beyond the last content chunk still comes before usage and the end mark.
  if (stopAt >= pieces.length && (await stopsMidway(running))) return;
  row?.complete();
  await finish(exchange, wire.closing(reply));
}

/** Token by token over all choices, as the real streams interleave them. */
function interleave(reply: Reply): { index: number; token: string }[] {
  const longest = Math.max(...reply.choices.map(({ tokens }) => tokens.length));
  return Array.from({ length: longest }, (_, at) => at).flatMap((at) =>
    reply.choices.flatMap(({ tokens }, index) => {
      const token = tokens[at];
      return token === undefined ? [] : [{ index, token }];
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
