import type { DrillName } from '@nightshift/domain';
import type { Processes } from '@nightshift/lifecycle';
import type { Store } from '@nightshift/store';
import type { Installation } from './installation.ts';

/** What a drill works with. */
export interface DrillScene {
  readonly id: string;
  /** Epoch ms. */
  readonly begunAt: number;
  readonly installation: Installation;
  readonly store: Store;
  readonly processes: Processes;
  /** Keeps a line of evidence: what was done, what was seen. */
  note(text: string): Promise<void>;
  /** Looks until it holds. @throws DrillFailed naming `what` after `limitMs`. */
  until(what: string, limitMs: number, holds: () => Promise<boolean> | boolean): Promise<void>;
  /**
   * Waits until no job runs, and refuses where a slot is near: no real work is to be disturbed.
   * @throws NightshiftError `drill-busy` (75).
   */
  quiet(): Promise<void>;
  /** True when a watchdog is on duty here. */
  readonly watched: boolean;
}

/** Trips one safety on purpose, on the live installation, and looks from outside what happened. */
export interface Drill {
  readonly name: DrillName;
  /** One sentence for a person. */
  readonly doc: string;
  /** @throws DrillFailed when the safety did not do what it promises. */
  run(scene: DrillScene): Promise<void>;
  /** Undoes everything, also half of it. Called whatever happened. */
  clean(scene: DrillScene): Promise<void>;
}

/** A safety that does not hold. */
export class DrillFailed extends Error {
  override readonly name = 'DrillFailed';
}

/** Nothing to try here: no channel, for example. */
export class DrillSkipped extends Error {
  override readonly name = 'DrillSkipped';
}

/** Evidence of what could not be tried. */
export const UNWATCHED = 'no watchdog is on duty here: that somebody is told was not tried';

/** @throws DrillFailed unless it holds. */
export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new DrillFailed(what);
}
