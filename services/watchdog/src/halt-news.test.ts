import path from 'node:path';
import { drillReason, uuidv7, type DrillName } from '@nightshift/domain';
import { stopFile, type StopFile } from '@nightshift/lifecycle';
import { createDrillStore, createFactStore } from '@nightshift/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { watchScene, type Parts, type WatchScene } from '../test/scene.ts';
import { HaltNews } from './halt-news.ts';

const ADA = { kind: 'person', name: 'ada' } as const;
const BOB = { kind: 'person', name: 'bob' } as const;
const TWO_TICKS_MS = 4_000;

let it: WatchScene;
let stop: StopFile;

/** A new watchdog over the same databases. */
function restart(over: Partial<Parts> = {}): void {
  const { store, watch } = it;
  const facts = createFactStore(store, () => stop.isStopped());
  it.restart({
    facts: async () => facts,
    haltNews: () =>
      new HaltNews({ store: watch, stopFile: stop, control: async () => store.control }),
    ...over,
  });
}

beforeEach(async () => {
  it = await watchScene();
  stop = stopFile(path.join(it.store.stateDir, 'STOP'));
  restart();
  await it.run(TWO_TICKS_MS);
});

/** As the command does it: the file, then the row. */
async function halt(reason: string, actor = ADA as typeof ADA | typeof BOB): Promise<void> {
  stop.write({ reason, who: `person:${actor.name}`, at: it.clock.now() });
  it.clock.advance(7);
  await it.store.control.halt(reason, actor);
}

async function resume(): Promise<void> {
  await it.store.control.resume(BOB);
  stop.remove();
}

const newest = (): string => it.server.messages().at(-1)?.message ?? '';

test('a halt and its end are told once each, with who, when and why, over restarts', async () => {
  await halt('look at the bill');
  await it.run(TWO_TICKS_MS);
  restart();
  await it.run(TWO_TICKS_MS);
  expect(it.titles()).toEqual(['Halted: nothing runs']);
  expect(newest()).toMatch(/by person:ada, 2026-11-22T12:00:\d\dZ: look at the bill/);
  it.clock.advance(60_000);
  await resume();
  await it.run(TWO_TICKS_MS);
  restart();
  await it.run(TWO_TICKS_MS);
  expect(it.titles()).toEqual(['Halted: nothing runs', 'Resumed: work goes on']);
  expect(newest()).toMatch(/^By person:bob, 2026-11-22T12:01:\d\dZ\. .*by person:ada.*the bill/);
});

test('a STOP file made by hand is told while the database cannot be read, and its end', async () => {
  restart({ facts: async () => null });
  stop.write({ reason: 'no way in', who: 'person:ada', at: it.clock.now() });
  await it.tick();
  expect(it.titles()).toEqual(['Halted: nothing runs']);
  expect(newest()).toContain('no way in');
  restart();
  stop.remove();
  await it.run(TWO_TICKS_MS);
  expect(newest()).toContain('removed by hand');
});

test('what a person wrote as the reason stays text, and short', async () => {
  await halt(`\u001b[2J@everyone ${'x'.repeat(100_000)}`);
  await it.run(TWO_TICKS_MS);
  expect(newest().length).toBeLessThan(5_000);
  expect(newest()).not.toContain('\u001b');
});

test('a halt by a rule has told so itself; its end is told', async () => {
  await it.store.control.halt('spend-window: all gone', { kind: 'service', name: 'watchdog' });
  await it.run(TWO_TICKS_MS);
  expect(it.titles()).toEqual([]);
  await resume();
  await it.run(TWO_TICKS_MS);
  expect(it.titles()).toEqual(['Resumed: work goes on']);
});

describe('a drill', () => {
  async function begin(name: DrillName): Promise<string> {
    const id = uuidv7(it.clock);
    const expiresAt = it.clock.now() + 300_000;
    await createDrillStore(it.store).begin({ id, name, expiresAt, by: 'ada', process: null });
    await halt(drillReason(id));
    await it.run(TWO_TICKS_MS);
    return id;
  }

  test('of the kill switch is one marked message', async () => {
    await begin('kill-switch');
    await resume();
    await it.run(TWO_TICKS_MS);
    expect(it.titles()).toEqual(['Drill: everything is halted for a moment']);
  });

  test('that stops the worker tells that alone', async () => {
    await begin('out-of-band');
    await resume();
    await it.run(TWO_TICKS_MS);
    expect(it.titles()).toEqual([]);
  });

  test('does not hide the halt of a person', async () => {
    const id = await begin('out-of-band');
    await halt('really', BOB);
    await it.store.control.resume(ADA, drillReason(id));
    await it.run(TWO_TICKS_MS);
    expect(it.titles()).toEqual(['Halted: nothing runs']);
    expect(newest()).toContain('by person:bob');
  });

  test('is no disguise: a reason that only looks like one is told as it is', async () => {
    await halt(drillReason('0190'));
    await it.run(TWO_TICKS_MS);
    expect(it.titles()).toEqual(['Halted: nothing runs']);
  });
});
