import { parseArgs } from 'node:util';
import { VICTIMS, runChaos } from './chaos.ts';

/*
 * pnpm chaos [--kills N] [--seed S] [--minutes M] [--patience SECONDS]
 *   [--victims worker,...] [--keep]
 *
 * SIGKILLs at random moments over a busy system, in real time, and the referee of the soak. Ends
 * when N services were killed or M minutes are over; with 1 and the seed when a promise broke.
 */
const { values } = parseArgs({
  args: process.argv.slice(2).filter((it) => it !== '--'),
  options: {
    kills: { type: 'string', default: '5000' },
    seed: { type: 'string' },
    minutes: { type: 'string', default: '240' },
    patience: { type: 'string', default: '180' },
    victims: { type: 'string', default: VICTIMS.join() },
    keep: { type: 'boolean', default: false },
  },
});

const number = (name: string, text: string, from: number, to: number): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value >= from && value <= to) return value;
  throw new Error(`--${name} is a number from ${from} to ${to}, not ${text}`);
};

const victims = values.victims.split(',').filter((name) => name !== 'nobody');
const wrong = victims.find((name) => !VICTIMS.some((it) => it === name));
if (wrong !== undefined) throw new Error(`--victims are ${VICTIMS.join()} or nobody, not ${wrong}`);

process.exitCode = await runChaos({
  kills: number('kills', values.kills, 1, 1e6),
  seed: number('seed', values.seed ?? String(process.pid), 0, 2 ** 32 - 1),
  minutes: number('minutes', values.minutes, 0.1, 6_000),
  victims: VICTIMS.filter((it) => victims.includes(it)),
  patience: number('patience', values.patience, 0, 3_600),
  keep: values.keep,
});
