import type { Finding } from '@nightshift/domain';
import { startWeb } from '@nightshift/fakes';
import { post } from '@nightshift/alerts';
import { manualClock, onCleanup } from '@nightshift/support';
import { describe, expect, test } from 'vitest';
import { DeadMan } from './dead-man.ts';
import { ownHealth } from './own-health.ts';

async function deadManScene() {
  const web = await startWeb({
    routes: { '/ping/x': {}, '/ping/x/start': {}, '/ping/x/fail': {} },
  });
  onCleanup(() => web.close());
  const clock = manualClock();
  const warnings: string[] = [];
  const log = { warn: (event: string) => void warnings.push(event) };
  const deadMan = new DeadMan({ url: `${web.url}/ping/x`, post, clock, log });
  const tick = async (well: boolean, stoodDown = false, ms = 2_000) => {
    clock.advance(ms);
    deadMan.tick({ well, stoodDown });
    await deadMan.settled();
  };
  return { web, tick, warnings, paths: () => web.requests().map((it) => it.path) };
}

test('a start, then one ping a minute while well, and silence while not', async () => {
  const it = await deadManScene();
  for (let i = 0; i < 31; i++) await it.tick(true);
  expect(it.paths().toSorted()).toEqual(['/ping/x', '/ping/x', '/ping/x/start']);
  for (let i = 0; i < 100; i++) await it.tick(false);
  expect(it.web.count('/ping/x')).toBe(2);
  await it.tick(true);
  expect(it.web.count('/ping/x')).toBe(3);
});

test('standing down is said once and ends the pings until it is over', async () => {
  const it = await deadManScene();
  await it.tick(true);
  for (let i = 0; i < 40; i++) await it.tick(true, true);
  expect(it.web.count('/ping/x/fail')).toBe(1);
  expect(it.web.count('/ping/x')).toBe(1);
  await it.tick(true);
  expect(it.web.count('/ping/x')).toBe(2);
});

test('a check URL that fails delays nothing and is tried a minute later', async () => {
  const it = await deadManScene();
  it.web.route('/ping/x', { status: 500, body: 'no' });
  await it.tick(true);
  expect(it.warnings).toEqual(['check-url-failed']);
  it.web.route('/ping/x', { body: 'ok' });
  await it.tick(true, false, 60_000);
  expect(it.web.count('/ping/x')).toBe(2);
});

describe('well', () => {
  const facts = { instances: [] } as never;
  const outbox = { channels: ['a', 'b'], passed: true };
  const finding = (rule: string, key = rule): Finding =>
    ({ rule, key, severity: 'page', title: '', detail: '' }) as const;

  test.each([
    ['with trouble elsewhere', [finding('service-silent')], true],
    ['with one broken channel', [finding('channel-broken', 'channel-broken:a')], true],
    [
      'not with all of them broken',
      [finding('channel-broken', 'channel-broken:a'), finding('channel-broken', 'b')],
      false,
    ],
    ['not with a part that failed', [finding('watchdog-error')], false],
  ])('%s', (_what, findings, well) => {
    expect(ownHealth(facts, findings, outbox).well).toBe(well);
  });

  test('not without facts, and not with an outbox that failed', () => {
    const blind = { now: 0, unavailable: 'locked' };
    expect(ownHealth(blind, [], outbox).well).toBe(false);
    expect(ownHealth(facts, [], { ...outbox, passed: false }).well).toBe(false);
    expect(ownHealth(facts, [finding('stand-down')], outbox).stoodDown).toBe(true);
  });
});
