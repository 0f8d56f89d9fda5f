import path from 'node:path';
import { DEFAULT_TIMES, systemClock } from '@nightshift/domain';
import { readWatchStore } from '@nightshift/store';
import { repoRoot, spawnNode, waitUntil } from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from '../processes/support/site.ts';

const FIXTURE = path.join(repoRoot, 'test/fixtures/wedging-worker.ts');
const KINDS = ['stopped', 'locked', 'busy', 'parked', 'deaf'] as const;
type Kind = (typeof KINDS)[number];

/** From wedge to dead, at the default times. */
const BOUND_MS = 45_000;
/**
 * At a tenth of the times a machine that is busy with something else weighs ten times as much. The
 * bound that is promised is judged at the default times, below; this one only says that it ends.
 */
const QUICK_BOUND_MS = 20_000;
/** Wedges of each kind at the quick times: `CRASH_WEDGES` in all, divided by the kinds. */
const EACH = Math.ceil(Number(process.env['CRASH_WEDGES'] ?? 10) / KINDS.length);
/** Rounds at the default times: a sample, or all kinds twice where hundreds are asked for. */
const UNSCALED: readonly (readonly Kind[])[] =
  EACH * KINDS.length < 200 ? [['stopped', 'locked', 'deaf']] : [KINDS, KINDS];
/** Worlds at the same time: most of a wedge is waiting for a watchdog to be sure. */
const AT_ONCE = 3;
/** Six seconds for a wedge, and several times that on a busy machine. */
const QUICK_TIMEOUT_MS = Math.max(300_000, (EACH * KINDS.length * 30_000) / AT_ONCE);

interface Timing {
  readonly kind: Kind;
  readonly detectedMs: number;
  readonly deadMs: number;
  /** Which signal it took. */
  readonly by: 'TERM' | 'KILL';
}

/** One worker that wedges under a real watchdog of its own. */
async function wedge(kind: Kind, times: 'quick' | 'default'): Promise<Timing> {
  const quick = times === 'quick';
  const site = await openSite(`{
    timezone: 'UTC', times: ${JSON.stringify(quick ? QUICK_TIMES : {})},
    agents: { a: { entry: ${JSON.stringify(fixtureAgent('say-hello'))} } },
  }`);
  if (kind === 'parked') await site.enqueue('a');
  const beatMs = quick ? 100 : DEFAULT_TIMES.beatMs;
  const worker = spawnNode([FIXTURE, site.stateDir, String(beatMs), kind]);
  await worker.prints('up');
  const watchdog = site.start('watchdog');
  await waitUntil(
    async () => ((await site.store.instances.running('watchdog'))[0]?.loopSeq ?? 0) > 3,
    { what: 'the watchdog to look', timeoutMs: 60_000 },
  );
  const at = systemClock.now();
  process.kill(worker.pid, 'SIGUSR2');
  const limit = waitUntil(() => worker.exited.then(() => true), {
    what: `a worker wedged by ${kind} to be dead`,
    timeoutMs: 2 * BOUND_MS,
  });
  await Promise.race([worker.exited, limit]);
  const deadAt = systemClock.now();
  const watch = await readWatchStore({ stateDir: site.stateDir, clock: systemClock });
  // The signal comes first and its row after it.
  const kill = await waitUntil(
    async () => (await watch?.killsSince(at))?.find((it) => it.deadAt !== null),
    { what: `the kill of a worker wedged by ${kind} to be recorded`, timeoutMs: 15_000 },
  );
  watch?.close();
  watchdog.kill('SIGKILL');
  await watchdog.exited;
  site.store.close();
  return {
    kind,
    detectedMs: kill.intendedAt - at,
    deadMs: deadAt - at,
    by: kill.killAt === null ? 'TERM' : 'KILL',
  };
}

/** Prints detection and death of each kind, and the worst of all. */
function print(title: string, timings: readonly Timing[]): void {
  const rows = KINDS.map((kind) => {
    const of = timings.filter((it) => it.kind === kind);
    const worst = (pick: (it: Timing) => number): string =>
      String(Math.max(...of.map(pick))).padStart(8);
    if (of.length === 0) return '';
    const by = [...new Set(of.map((it) => it.by))].join('/');
    const [seen, dead] = [worst((it) => it.detectedMs), worst((it) => it.deadMs)];
    return `${kind.padEnd(8)} ${String(of.length).padStart(4)} ${seen} ${dead}  ${by}`;
  });
  const head = 'kind        n  seen ms  dead ms  by (worst of each)';
  process.stdout.write(`\n${[title, head, ...rows.filter((it) => it !== '')].join('\n')}\n`);
}

describe('a wedged worker is dead within its bound', () => {
  test(
    'by whatever it is wedged',
    async () => {
      const timings: Timing[] = [];
      const ahead = Array.from({ length: EACH }, () => KINDS)
        .flat()
        .values();
      const lane = async (): Promise<void> => {
        for (const kind of ahead) timings.push(await wedge(kind, 'quick'));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      print('at a tenth of the default times', timings);
      expect(timings.filter((it) => it.deadMs > QUICK_BOUND_MS)).toEqual([]);
      // What cannot hear SIGTERM needed the other one.
      const deaf = timings.filter((it) => it.kind !== 'parked');
      expect(deaf.every((it) => it.by === 'KILL')).toBe(true);
    },
    QUICK_TIMEOUT_MS,
  );

  test(
    'at the default times, unscaled',
    async () => {
      const timings: Timing[] = [];
      for (const kinds of UNSCALED) {
        timings.push(...(await Promise.all(kinds.map((kind) => wedge(kind, 'default')))));
      }
      print('at the default times', timings);
      expect(timings.filter((it) => it.deadMs > BOUND_MS)).toEqual([]);
      expect(timings.every((it) => it.detectedMs >= DEFAULT_TIMES.silentMs)).toBe(true);
    },
    UNSCALED.length * 120_000,
  );
});
