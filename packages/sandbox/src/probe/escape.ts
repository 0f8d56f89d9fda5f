import type { EventEmitter } from 'node:events';
import type { ProbeResult, ProbeTargets } from './targets.ts';

/** A name and an attempt: what it returns is what it reached, what it throws stopped it. */
export type Escape = readonly [name: string, attempt: (targets: ProbeTargets) => unknown];

/** An attempt that is neither stopped nor through by then has been stopped by silence. */
const QUIET_MS = 1_000;

/** Makes one attempt. Never rejects. */
export async function attempt([name, escape]: Escape, targets: ProbeTargets): Promise<ProbeResult> {
  try {
    const reached = await Promise.race([Promise.try(escape, targets), silence()]);
    return { name, reached: true, detail: `reached: ${String(reached).slice(0, 100)}` };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { name, reached: false, detail: (code ?? message).slice(0, 200) };
  }
}

/** Resolves at `name`, rejects at the emitter's error. */
export function event(emitter: EventEmitter, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    emitter.once(name, () => resolve(name));
    emitter.on('error', reject);
  });
}

/** Throws unless `value` is there to be used: an absent function is a way that is closed. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined || value === null) throw new Error(`no ${what}`);
  return value;
}

async function silence(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  throw new Error('silence');
}
