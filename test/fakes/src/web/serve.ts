import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Exchange } from '../http/http-server.ts';
import {
  ClientGone,
  cut,
  finish,
  hang,
  pause,
  reset,
  sendText,
  write,
} from '../http/http-server.ts';
import type { Page, PlainPage, SlowPage } from './page.ts';

const HTML = { 'content-type': 'text/html; charset=utf-8' };
const BINARY = { 'content-type': 'application/octet-stream' };
const PIECE = Buffer.alloc(64 * 1024);

/** Answers a request with a page. */
export async function servePage(exchange: Exchange, page: Page): Promise<void> {
  if ('silent' in page) return hang(exchange);
  if ('reset' in page) return reset(exchange);
  if ('slow' in page) return drip(exchange, page);
  if ('endless' in page) return pour(exchange, Infinity);
  if ('sizeBytes' in page) return pour(exchange, page.sizeBytes);
  if ('zipBombBytes' in page) return explode(exchange, page.zipBombBytes);
  if ('cut' in page) return breakOff(exchange, page.cut);
  if ('redirect' in page) {
    return sendText(exchange, page.status ?? 302, { location: page.redirect }, '');
  }
  return plain(exchange, page);
}

async function plain(exchange: Exchange, page: PlainPage): Promise<void> {
  const headers = { ...HTML, ...lowerCase(page.headers ?? {}) };
  const etag = (headers as Record<string, string>)['etag'];
  const known = etag !== undefined && exchange.headers['if-none-match'] === etag;
  if (known) return empty(exchange, 304, headers);
  if (exchange.method === 'HEAD') return empty(exchange, page.status ?? 200, headers);
  return sendText(exchange, page.status ?? 200, headers, page.body ?? '');
}

async function empty(
  exchange: Exchange,
  status: number,
  headers: Record<string, string>,
): Promise<void> {
  exchange.res.writeHead(status, headers);
  await finish(exchange);
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
}

async function drip(exchange: Exchange, page: SlowPage): Promise<void> {
  const bytes = Buffer.from(page.slow);
  const step = Math.max(1, page.pieceBytes ?? 1);
  exchange.res.writeHead(200, { ...HTML, 'content-length': bytes.length });
  exchange.res.flushHeaders();
  for (let at = 0; at < bytes.length; at += step) {
    await pause(exchange, page.everyMs);
    await write(exchange, bytes.subarray(at, at + step));
  }
  await finish(exchange);
}

async function pour(exchange: Exchange, sizeBytes: number): Promise<void> {
  const length = sizeBytes === Infinity ? {} : { 'content-length': sizeBytes };
  exchange.res.writeHead(200, { ...BINARY, ...length });
  for (let left = sizeBytes; left > 0; left -= PIECE.length) {
    await write(exchange, left < PIECE.length ? PIECE.subarray(0, left) : PIECE);
  }
  await finish(exchange);
}

function* zeros(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.length) {
    yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
  }
}

async function explode(exchange: Exchange, bytes: number): Promise<void> {
  exchange.res.writeHead(200, { ...HTML, 'content-encoding': 'gzip' });
  try {
    await pipeline(Readable.from(zeros(bytes)), createGzip(), exchange.res, {
      signal: exchange.gone,
    });
  } catch (error) {
    throw new ClientGone('the client did not want it all', { cause: error });
  }
}

async function breakOff(exchange: Exchange, body: string): Promise<void> {
  const bytes = Buffer.from(body);
  exchange.res.writeHead(200, { ...HTML, 'content-length': bytes.length });
  await write(exchange, bytes.subarray(0, Math.floor(bytes.length / 2)));
  cut(exchange);
}
