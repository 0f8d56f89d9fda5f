import { memoryDir, type ManualClock } from '@nightshift/support';
import { openStore, type Store } from '../src/index.ts';
import { connectionOf } from '../src/store-connection.ts';
import { sweepTickets } from '../src/tickets.ts';

/** The ports of jobs and slots, and what moves with them. */
export type JobsAndSlots = Pick<Store, 'jobs' | 'slots' | 'control' | 'close'>;

/** What an engine gives to be held to the rules of jobs and slots: any store behind the ports. */
export interface Engine {
  readonly name: string;
  /** An empty place of its own, and a way to open it again and again. */
  place(clock: ManualClock): () => Promise<JobsAndSlots>;
  /** What only this engine can see to be wrong, as sentences. */
  wrong(store: JobsAndSlots): Promise<readonly string[]>;
}

export const SQLITE: Engine = {
  name: 'SQLite',
  place(clock) {
    const stateDir = memoryDir('engine');
    return async () => {
      const store = await openStore({ stateDir, clock, mode: 'create' });
      connectionOf(store).db.pragma('synchronous = OFF');
      return store;
    };
  },
  /** Triggers keep tickets equal to jobs: there is never anything to repair. */
  async wrong(store) {
    const repairs = await sweepTickets(store as Store);
    const repaired = Object.entries(repairs).filter(([, count]) => count > 0);
    return repaired.map(([what, count]) => `${count} tickets ${what}`);
  },
};
