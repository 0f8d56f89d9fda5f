import { InvalidArgumentError } from 'commander';
import type { Json } from '@nightshift/domain';

/** Rows a list shows unless `--limit` says otherwise. */
export const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 10_000;

/** A whole number from 1 to 10,000. */
export function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= LIMIT_MAX) return value;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${LIMIT_MAX}.`);
}

/** JSON on the command line. */
export function json(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new InvalidArgumentError(`It must be JSON: ${(error as Error).message}.`);
  }
}

/** A moment: ISO 8601, with an offset or Z unless it means this machine's time. Epoch ms. */
export function moment(text: string): number {
  const at = Date.parse(text);
  if (Number.isFinite(at)) return at;
  throw new InvalidArgumentError('It must be a time such as 2026-11-22T06:00:00Z.');
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `12h`, `7d` in ms. */
export function span(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be a time such as 30m or 12h.');
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** The `Examples` section of a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ nightshift ${line}`).join('\n')}`;
}
