import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { spawnNode, type Child } from '@nightshift/support';
import { systemClock, type HoldRequest } from '@nightshift/domain';
import { budgets, call, counters, held, principal } from '../../test/money.ts';
import { openWorld, type World } from '../../test/world.ts';

const CALLER = fileURLToPath(new URL('../../test/fixtures/caller.ts', import.meta.url));

/** A world in the real present: other processes read the machine's clock. */
async function presentWorld(): Promise<World> {
  const world = await openWorld();
  world.clock.stepTo(systemClock.now());
  return world;
}

function caller(world: World, request: HoldRequest, orders = 'reserve'): Child {
  return spawnNode([CALLER, world.stateDir, JSON.stringify(request), orders]);
}

async function go(world: World, callers: readonly Child[]): Promise<void> {
  for (const it of callers) await it.prints('ready');
  writeFileSync(join(world.stateDir, 'go'), '');
}

describe('several processes', () => {
  test('of five calls that may cost $0.20 exactly two fit into $0.45', async () => {
    const world = await presentWorld();
    await budgets(world, { 'global day': '$1' });
    const by = await principal(world, 'k');
    await held(world.store.ledger, call(by, '$0.55'));
    const callers = Array.from({ length: 5 }, () => caller(world, call(by, '$0.20')));
    await go(world, callers);
    for (const it of callers) expect(await it.exited).toEqual({ code: 0, signal: null });
    const said = callers.map((it) => it.stdout.trim().split('\n').at(-1)!);
    expect(said.filter((it) => it.includes('admitted'))).toHaveLength(2);
    expect(said.filter((it) => it.includes('cap-day'))).toHaveLength(3);
    expect(await counters(world, 'global day')).toEqual([0, 950_000_000, 0]);
    expect(await world.store.ledger.verify()).toEqual([]);
  });

  test.each([
    ['after the reserve', 'reserve,hang', 'admitted', [0, 0, 0]],
    ['after it was sent', 'reserve,sent,hang', '"sent":true', [0, 0, 200_000_000]],
  ])(
    'a process that is killed %s leaves a hold that is ended once',
    async (_, orders, word, end) => {
      const world = await presentWorld();
      await budgets(world, { 'global day': '$1' });
      const by = await principal(world, 'k');
      const child = caller(world, call(by, '$0.20'), orders);
      await go(world, [child]);
      await child.prints(word);
      child.kill('SIGKILL');
      expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
      expect(await counters(world, 'global day')).toEqual([0, 200_000_000, 0]);
      const { ledger } = world.store;
      const both = await Promise.all([
        ledger.presumeOrphans('worker-1'),
        (await world.other()).ledger.presumeOrphans('worker-1'),
      ]);
      expect(Math.min(...both)).toBe(0);
      expect(Math.max(...both)).toBe(1);
      expect(await counters(world, 'global day')).toEqual(end);
      expect(await ledger.verify()).toEqual([]);
    },
  );
});
