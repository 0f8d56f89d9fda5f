import { parseArgs } from 'node:util';
import { runSoak } from './soak.ts';
import { KINDS } from './storm.ts';

/*
 * pnpm soak [--days N] [--seed S] [--factor F] [--minutes M] [--only KIND,...] [--keep]
 *
 * Days and nights of the real three services in minutes, with everything going wrong that can, and
 * a referee that believes nobody. Ends with 1 and the seed when a promise broke.
 */
const { values } = parseArgs({
  args: process.argv.slice(2).filter((it) => it !== '--'),
  options: {
    days: { type: 'string', default: '1' },
    seed: { type: 'string' },
    factor: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '600' },
    only: { type: 'string', default: KINDS.join() },
    keep: { type: 'boolean', default: false },
  },
});

const number = (name: string, text: string, from: number, to: number): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value >= from && value <= to) return value;
  throw new Error(`--${name} is a number from ${from} to ${to}, not ${text}`);
};

const kinds = values.only.split(',').map((name) => {
  const kind = KINDS.find((it) => it === name);
  if (kind === undefined) throw new Error(`--only names some of ${KINDS.join()}, not ${name}`);
  return kind;
});
const seed = values.seed ?? String(process.pid);
process.exitCode = await runSoak({
  days: number('days', values.days, 0.02, 60),
  seed: number('seed', seed, 0, 2 ** 32 - 1),
  factor: number('factor', values.factor, 20, 4_000),
  minutes: number('minutes', values.minutes, 0.1, 6_000),
  kinds,
  keep: values.keep,
});
