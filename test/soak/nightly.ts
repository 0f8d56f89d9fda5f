import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nodeBinary, repoRoot } from '@nightshift/support';
import { machineMs, machineSleep } from './clock.mjs';

/*
 * pnpm nightly [--only STEP[,STEP]]: everything in full, one after the other, at most 85 minutes,
 * and a table at the end. A step that takes longer than its share, and than what the steps before
 * it left of theirs, is ended and counts as failed. The seeds are of the day, so that every night
 * tries another one, and stand in the table.
 */

interface Step {
  readonly name: string;
  readonly command: string;
  /** By how many minutes it may take. */
  readonly args: (minutes: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its share of the night. The shares add up to 85. */
  readonly minutes: number;
}

interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly minutes: number;
  readonly counts: string;
}

const MINUTE_MS = 60_000;
/** Between the request to end and the end of a step that is over its time. */
const GRACE_MS = 5_000;

const reports = mkdtempSync(path.join(tmpdir(), 'nightshift-nightly-'));
const today = Math.floor(performance.timeOrigin / 86_400_000);

type Call = Pick<Step, 'command' | 'args'>;
const node = (script: string, ...args: string[]): Call => ({
  command: nodeBinary,
  args: () => [path.join(repoRoot, script), ...args],
});
/** A storm that ends in time for its end to be awaited and its referee to be asked. */
const storm = (script: string, restMinutes: number, ...args: string[]): Call => ({
  command: nodeBinary,
  args: (minutes) => [
    path.join(repoRoot, script),
    `--seed=${today}`,
    `--minutes=${(minutes - restMinutes).toFixed(1)}`,
    ...args,
  ],
});
const pnpm = (script: string): Call => ({
  command: path.join(repoRoot, 'node_modules/.bin', script.split(' ')[0]!),
  args: () => script.split(' ').slice(1),
});
const report = (name: string): Record<string, string> => ({
  VITEST_JSON: path.join(reports, `${name}.json`),
});

const CHECKS = 'check:types check:lint check:format check:knip check:boundaries check:tidy';

const STEPS: readonly Step[] = [
  { name: 'check', ...pnpm(`turbo run ${CHECKS} --output-logs=errors-only`), minutes: 2 },
  {
    name: 'test',
    ...pnpm('vitest run --project unit --project processes'),
    env: report('test'),
    minutes: 6,
  },
  {
    name: 'crash',
    ...pnpm('vitest run --project crash'),
    env: {
      ...report('crash'),
      CRASH_SEED: String(today),
      CRASH_KILLS: '1000',
      CRASH_WEDGES: '200',
    },
    minutes: 17,
  },
  { name: 'mutants', ...node('test/soak/mutants/main.ts'), minutes: 7 },
  {
    name: 'chaos',
    ...storm('test/chaos/main.ts', 5, '--kills=5000', '--patience=60'),
    minutes: 18,
  },
  { name: 'soak', ...storm('test/soak/main.ts', 4, '--days', '7'), minutes: 24 },
  {
    name: 'fuzz',
    ...node('test/fuzz/main.ts', '--runs', '2000', '--seed', `${today}`),
    minutes: 2,
  },
  { name: 'bench', ...node('test/bench/main.ts', '--json'), minutes: 9 },
];

const beganMs = machineMs();
const results: Result[] = [];
let shareMs = 0;
for (const step of chosen(process.argv.slice(2))) {
  shareMs += step.minutes * MINUTE_MS;
  results.push(await run(step, beganMs + shareMs - machineMs()));
}
rmSync(reports, { recursive: true, force: true });
console.log(`\n${'step'.padEnd(8)}${'result'.padEnd(9)}${'minutes'.padEnd(9)}counts`);
for (const it of results) {
  const mark = it.ok ? 'ok' : 'FAILED';
  console.log(
    `${it.name.padEnd(8)}${mark.padEnd(9)}${it.minutes.toFixed(1).padEnd(9)}${it.counts}`,
  );
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

/** All steps, or those that `--only NAME[,NAME]` names. */
function chosen(argv: readonly string[]): readonly Step[] {
  const { values } = parseArgs({ args: [...argv], options: { only: { type: 'string' } } });
  const names = values.only?.split(',') ?? STEPS.map(({ name }) => name);
  const unknown = names.filter((name) => !STEPS.some((it) => it.name === name));
  if (unknown.length > 0) {
    const known = STEPS.map(({ name }) => name).join(', ');
    throw new Error(`no step ${unknown.join(', ')}; there are: ${known}`);
  }
  return STEPS.filter(({ name }) => names.includes(name));
}

async function run(step: Step, withinMs: number): Promise<Result> {
  console.log(`\n=== ${step.name}`);
  const startedMs = machineMs();
  const child = spawn(step.command, step.args(withinMs / MINUTE_MS), {
    cwd: repoRoot,
    // A group of its own: what is over its time ends with everything below it.
    detached: true,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...step.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (step.name !== 'bench') process.stdout.write(text);
  });
  const end = (signal: NodeJS.Signals): boolean =>
    child.pid !== undefined && process.kill(-child.pid, signal);
  const limitMs = withinMs - GRACE_MS;
  const closed = once(child, 'close');
  const runs = (): boolean => child.exitCode === null && child.signalCode === null;
  while (runs() && machineMs() - startedMs < limitMs) await machineSleep(100);
  if (runs()) {
    console.log(`${step.name} takes longer than ${(withinMs / MINUTE_MS).toFixed(1)} minutes`);
    end('SIGTERM');
    for (let waited = 0; runs() && waited < GRACE_MS; waited += 100) {
      await machineSleep(100);
    }
  }
  if (runs()) end('SIGKILL');
  // What it said last may still be on its way.
  await Promise.race([closed, machineSleep(GRACE_MS)]);
  const minutes = (machineMs() - startedMs) / MINUTE_MS;
  return { name: step.name, ok: child.exitCode === 0, minutes, counts: countsOf(step, out) };
}

/** What a step counted, in its own words. */
function countsOf({ name, env }: Step, out: string): string {
  try {
    if (env?.['VITEST_JSON'] !== undefined) return tests(env);
    if (name === 'bench') return benchmarks(out);
    const line = out.split('\n').findLast((it) => it.startsWith('counts: '));
    return line?.slice('counts: '.length) ?? '';
  } catch {
    return 'no counts';
  }
}

function tests(env: Readonly<Record<string, string>>): string {
  const { numPassedTests, numFailedTests } = JSON.parse(
    readFileSync(env['VITEST_JSON']!, 'utf8'),
  ) as { numPassedTests: number; numFailedTests: number };
  const seed = env['CRASH_SEED'] === undefined ? '' : `, seed ${env['CRASH_SEED']}`;
  const { CRASH_KILLS: kills, CRASH_WEDGES: wedges } = env;
  const storms = kills === undefined ? '' : `, ${kills} kills, ${wedges} wedges`;
  return `${numPassedTests} passed, ${numFailedTests} failed${storms}${seed}`;
}

function benchmarks(out: string): string {
  const { rows, notMeasured } = JSON.parse(out) as {
    rows: readonly { id: string; ok: boolean }[];
    notMeasured: readonly unknown[];
  };
  const broken = rows.filter(({ ok }) => !ok).map(({ id }) => id);
  return `${rows.length} rows, ${notMeasured.length} not measured, over budget: ${broken.join(', ') || 'none'}`;
}
