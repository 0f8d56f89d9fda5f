import { expectThat, type Drill } from '../drill.ts';
import { openDoor, startProvider } from './drill-door.ts';
import { endJobs, requireJob } from './drill-job.ts';

/** $8 million a million tokens; with a thousand of them out it is $8,000 a call. */
const RATE_NUSD = 8_000_000_000_000_000;

/** A call that no budget can hold is refused before a byte of it leaves. */
export const cap: Drill = {
  name: 'cap',
  doc: 'a call that is dearer than every budget is refused, and nothing is held for it',
  async run(scene) {
    const provider = await startProvider();
    const dear = {
      inputNusdPerMTok: RATE_NUSD,
      cachedInputNusdPerMTok: RATE_NUSD,
      cacheWriteNusdPerMTok: RATE_NUSD,
      outputNusdPerMTok: RATE_NUSD,
    };
    const door = await openDoor(scene, provider.url, { kind: 'own', rates: dear });
    try {
      const { principal } = await requireJob(scene);
      const result = await door.call(principal);
      await scene.note(`a call bounded at thousands of dollars: ${describe(result)}`);
      expectThat(
        result.kind === 'refused' && result.code.startsWith('cap'),
        `the call was ${describe(result)}, not refused by a cap`,
      );
      expectThat(provider.count === 0, 'bytes of a refused call left');
      const rows = await scene.store.ledger.spendRows({ job: principal.job, limit: 10 });
      expectThat(rows.length === 0, 'money is held for a call that was refused');
      await scene.note('nothing arrived at the provider, nothing is held');
    } finally {
      await door.close();
      await provider.close();
    }
  },
  clean: (scene) => endJobs(scene),
};

function describe(result: { readonly kind: string; readonly code?: string }): string {
  return result.code === undefined ? result.kind : `${result.kind} (${result.code})`;
}
