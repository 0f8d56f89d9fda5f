import {
  APPROVAL_FRESH_MS,
  DRAFTS_PENDING_MAX,
  DRAFT_TRANSITIONS,
  type Draft,
  type Fence,
  type NewDraft,
} from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { sql } from '../test/money.ts';
import { PERSON, claim, claimed, enqueued, openWorld, running, type World } from '../test/world.ts';
import { textHash } from './index.ts';

const HOUR = 3_600_000;
const DEFINITION = textHash('a definition');
const TARGET = textHash('a target');

function draft(world: World, over: Partial<NewDraft> = {}): NewDraft {
  const args = over.args ?? '{"text":"hello"}';
  return {
    action: 'notify',
    args,
    argsHash: textHash(args),
    definitionHash: DEFINITION,
    target: 'POST to https://hooks.test/…',
    targetHash: TARGET,
    expiresAt: world.clock.now() + HOUR,
    ...over,
  };
}

async function filed(world: World, over: Partial<NewDraft> = {}): Promise<Draft> {
  const fence = await running(world, crypto.randomUUID());
  const made = await world.store.drafts.file(fence, draft(world, over));
  await world.store.jobs.settle(fence, { kind: 'done' });
  return made!;
}

const seen = ({ argsHash, definitionHash, targetHash }: Draft) => ({
  argsHash,
  definitionHash,
  targetHash,
});

async function approved(world: World): Promise<{ it: Draft; fence: Fence }> {
  const it = await filed(world);
  const word = await world.store.drafts.approve(it.id, it, PERSON);
  if (word.kind !== 'decided') throw new Error(word.kind);
  return { it: word.draft, fence: await claimed(world, word.draft.execution!) };
}

describe('a draft', () => {
  test('waits for a person, and nothing is enqueued for it', async () => {
    const world = await openWorld();
    const it = await filed(world);
    expect(it).toMatchObject({ state: 'pending', agent: 'digest', args: '{"text":"hello"}' });
    expect(await world.store.jobs.counts()).toMatchObject({ queued: 0, running: 0 });
    expect(await world.store.drafts.list({ state: 'pending', limit: 5 })).toEqual([it]);
    expect(await world.store.drafts.list({ agent: 'other', limit: 5 })).toEqual([]);
  });

  test('is one draft however often its job asks for it', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    const { drafts } = world.store;
    const first = await drafts.file(fence, draft(world));
    expect((await drafts.file(fence, draft(world)))?.id).toBe(first?.id);
    const other = await drafts.file(fence, draft(world, { args: '{"text":"bye"}' }));
    expect(other?.id).not.toBe(first?.id);
  });

  test('is not filed by an attempt that has lost its job', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    await world.store.jobs.settle(fence, { kind: 'done' });
    expect(await world.store.drafts.file(fence, draft(world))).toBeNull();
  });

  test('of an agent that floods the list is refused', async () => {
    const world = await openWorld();
    const fence = await running(world, 'k');
    for (let i = 0; i < DRAFTS_PENDING_MAX; i++) {
      await world.store.drafts.file(fence, draft(world, { args: `{"n":${i}}` }));
    }
    const more = world.store.drafts.file(fence, draft(world, { args: '{"n":-1}' }));
    await expect(more).rejects.toMatchObject({ code: 'drafts-too-many' });
  });

  test('can never be changed, not even by a program that means to', async () => {
    const world = await openWorld();
    const it = await filed(world);
    const change = `UPDATE drafts SET args = '{"text":"other"}' WHERE id = ?`;
    expect(() => sql(world).run(change, [it.id])).toThrow('what was drafted cannot be changed');
  });
});

describe('a person’s word', () => {
  test('makes one job of its own kind, with the audit of what was approved', async () => {
    const world = await openWorld();
    const it = await filed(world);
    const word = await world.store.drafts.approve(it.id, it, PERSON);
    expect(word).toMatchObject({ kind: 'decided', draft: { state: 'approved' } });
    const job = await world.store.jobs.get((word as { draft: Draft }).draft.execution!);
    expect(job).toMatchObject({ agent: 'action:notify', input: { draft: it.id }, state: 'queued' });
    const [audit] = await world.store.audit.list(1);
    expect(audit).toMatchObject({
      actor: 'person:tester',
      action: 'draft.approve',
      subject: it.id,
      detail: { argsHash: it.argsHash },
    });
  });

  test('given twice, or by two at once, counts once', async () => {
    const world = await openWorld();
    const it = await filed(world);
    const other = await world.other();
    const words = await Promise.all(
      [world.store, other, world.store].map((store) => store.drafts.approve(it.id, it, PERSON)),
    );
    expect(words.map(({ kind }) => kind).toSorted()).toEqual(['decided', 'too-late', 'too-late']);
    expect((await world.store.jobs.list({ agent: 'action:notify', limit: 5 })).length).toBe(1);
    const no = await world.store.drafts.reject(it.id, 'changed my mind', PERSON);
    expect(no).toMatchObject({ kind: 'decided', draft: { state: 'rejected' } });
    expect(await world.store.drafts.reject(it.id, 'again', PERSON)).toMatchObject({
      kind: 'too-late',
    });
  });

  test('after the expiry is refused, and so is one on something else than was seen', async () => {
    const world = await openWorld();
    const { drafts } = world.store;
    const it = await filed(world);
    const wrong = { argsHash: textHash('x'), definitionHash: it.definitionHash };
    expect(await drafts.approve(it.id, wrong, PERSON)).toMatchObject({ kind: 'changed' });
    const redefined = { argsHash: it.argsHash, definitionHash: textHash('y') };
    expect(await drafts.approve(it.id, redefined, PERSON)).toMatchObject({ kind: 'changed' });
    world.clock.advance(HOUR);
    expect(await drafts.approve(it.id, it, PERSON)).toMatchObject({ kind: 'expired' });
    expect(await drafts.reject(it.id, 'late', PERSON)).toMatchObject({ kind: 'expired' });
    expect(await drafts.approve('nobody', it, PERSON)).toEqual({ kind: 'not-found' });
    expect(await drafts.tidy()).toBe(1);
    expect(await drafts.get(it.id)).toMatchObject({ state: 'expired' });
  });

  test('on arguments that were rewritten behind the store is refused', async () => {
    const world = await openWorld();
    const it = await filed(world);
    sql(world).exec('DROP TRIGGER drafts_stay_as_drafted');
    sql(world).run(`UPDATE drafts SET args = '{"text":"other"}' WHERE id = ?`, [it.id]);
    expect(await world.store.drafts.approve(it.id, it, PERSON)).toMatchObject({ kind: 'changed' });
  });
});

describe('an execution', () => {
  test('is begun once, ended once, and tells what happened', async () => {
    const world = await openWorld();
    const { it, fence } = await approved(world);
    const { drafts } = world.store;
    expect(await drafts.begin(fence, it.id, seen(it))).toBe('begun');
    expect(await drafts.end(fence, it.id, { happened: 'yes', result: 'fine' })).toBe(true);
    expect(await drafts.end(fence, it.id, { happened: 'no', result: 'not fine' })).toBe(false);
    expect(await drafts.get(it.id)).toMatchObject({ state: 'done', happened: 'yes' });
    expect(await drafts.begin(fence, it.id, seen(it))).toBe('not-approved');
  });

  test('that was begun and lost is failed, unknown whether it happened, and never begun again', async () => {
    const world = await openWorld();
    const { it, fence } = await approved(world);
    const { drafts, jobs } = world.store;
    expect(await drafts.begin(fence, it.id, seen(it))).toBe('begun');
    await jobs.takeBack(fence, { code: 'worker-died', message: 'it died' });
    const heir = (await claim(world, fence.job))!;
    expect(await drafts.begin(heir, it.id, seen(it))).toBe('begun-before');
    expect(await drafts.begin(heir, it.id, seen(it))).toBe('not-approved');
    expect(await drafts.get(it.id)).toMatchObject({ state: 'failed', happened: 'unknown' });
    // The one that was taken for dead knows better.
    expect(await drafts.end(fence, it.id, { happened: 'yes', result: 'fine' })).toBe(true);
    expect(await drafts.get(it.id)).toMatchObject({ state: 'done', happened: 'yes' });
  });

  test.each(['argsHash', 'definitionHash', 'targetHash'] as const)(
    'is refused when the %s is another one by then',
    async (key) => {
      const world = await openWorld();
      const { it, fence } = await approved(world);
      const now = { ...seen(it), [key]: textHash('another') };
      expect(await world.store.drafts.begin(fence, it.id, now)).toBe('changed');
      expect(await world.store.drafts.get(it.id)).toMatchObject({ happened: 'no' });
    },
  );

  test('waits while everything is halted, and needs the lease of its own job', async () => {
    const world = await openWorld();
    const { it, fence } = await approved(world);
    const { drafts, control, jobs } = world.store;
    await control.halt('test', PERSON);
    expect(await drafts.begin(fence, it.id, seen(it))).toBe('halted');
    await control.resume(PERSON);
    const stranger = await running(world, 'another');
    expect(await drafts.begin(stranger, it.id, seen(it))).toBe('not-approved');
    await jobs.settle(fence, { kind: 'returned', reason: 'draining' });
    expect(await drafts.begin(fence, it.id, seen(it))).toBe('lease-lost');
    expect(await drafts.get(it.id)).toMatchObject({ state: 'approved' });
  });

  test('of an approval that is a day old is refused', async () => {
    const world = await openWorld();
    const { it, fence } = await approved(world);
    world.clock.advance(APPROVAL_FRESH_MS + 1);
    expect(await world.store.drafts.begin(fence, it.id, seen(it))).toBe('expired');
  });

  test('whose job is dead by other means is told as unknown', async () => {
    const world = await openWorld();
    const { it, fence } = await approved(world);
    await world.store.drafts.begin(fence, it.id, seen(it));
    await world.store.jobs.settle(fence, { kind: 'dead', error: { code: 'x', message: 'x' } });
    expect(await world.store.drafts.tidy()).toBe(1);
    expect(await world.store.drafts.get(it.id)).toMatchObject({ happened: 'unknown' });
  });
});

test('every state has its transitions, and the table refuses a state that is none', async () => {
  const world = await openWorld();
  const it = await filed(world);
  expect(Object.keys(DRAFT_TRANSITIONS)).toHaveLength(7);
  for (const broken of [`state = 'lost'`, `state = 'done'`, `state = 'approved'`, `args = '{'`]) {
    expect(() => sql(world).run(`UPDATE drafts SET ${broken} WHERE id = ?`, [it.id])).toThrow(
      /constraint|cannot/,
    );
  }
  expect((await enqueued(world, 'unrelated')).state).toBe('queued');
});
