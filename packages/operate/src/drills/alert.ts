import { testChannels } from '../alerts.ts';
import { DrillSkipped, expectThat, type Drill } from '../drill.ts';

/** A message arrives on every channel, with the receiver's own receipt. */
export const alert: Drill = {
  name: 'alert',
  doc: 'a marked message arrives on every channel',
  async run(scene) {
    const results = await testChannels(scene.installation, {
      title: 'Drill: this message proves the channel',
      body: 'Nothing is wrong. Sent by "nightshift drill alert".',
      processes: scene.processes,
    });
    if (results.length === 0) throw new DrillSkipped('no channel is configured');
    for (const it of results) {
      await scene.note(`${it.channel}: ${it.ok ? `arrived, receipt ${it.receipt}` : it.error}`);
    }
    const failed = results.filter((it) => !it.ok).map((it) => it.channel);
    expectThat(failed.length === 0, `nothing arrived on ${failed.join(', ')}`);
  },
  clean: async () => undefined,
};
