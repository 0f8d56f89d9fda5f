import { expect, test } from 'vitest';
import { chatRequest, NEVER, openRig } from '../../packages/broker/test/rig.ts';

test('a thousand refusals before any token leave the counters at zero', async () => {
  const rig = await openRig({ broker: { limits: { tries: 1, giveUpMs: 0 } } });
  rig.server.script([
    { status: 400, times: 400 },
    { status: 404, times: 200 },
    { status: 413, times: 200 },
    { status: 422, times: 'always' },
  ]);
  for (let ordinal = 0; ordinal < 1_000; ordinal++) {
    await rig.broker.handle(rig.who, chatRequest(rig, {}, { ordinal }), NEVER);
  }
  const windows = await rig.store.ledger.windows();
  for (const w of windows) expect([w.heldNusd, w.settledNusd, w.presumedNusd]).toEqual([0, 0, 0]);
  expect(await rig.rows()).toHaveLength(1_000);
}, 60_000);
