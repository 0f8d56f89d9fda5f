import type { ProcessRef } from '@nightshift/domain';
import { linuxProcesses } from './process-identity/linux.ts';
import { macosProcesses } from './process-identity/macos.ts';

/** Which boot of which machine, and which pid namespace: what a pid means only within. */
export interface HostIdentity {
  readonly bootId: string;
  readonly pidNamespace: string;
}

/** A process as the system shows it. A zombie has ended: only its parent has not looked yet. */
export interface ProcessFacts {
  /** Linux: clock ticks since boot. macOS: epoch seconds of its start. Opaque; compare only. */
  readonly startTicks: number;
  readonly zombie: boolean;
  /** By SIGSTOP and its like, or by a debugger: it keeps what it holds, a lock too. */
  readonly stopped: boolean;
}

/** What differs between systems. Text comes in, facts go out. */
export interface ProcessSource {
  /** Null when the system hides it. */
  host(): HostIdentity | null;
  /** `none` is proof that there is no such process, `unknown` is not. */
  look(pid: number): ProcessFacts | 'none' | 'unknown';
}

/**
 * `alive`: this very process runs. `dead`: proven to have ended. `other`: it has ended and its pid
 * belongs to another process now. `unknown`: no proof either way, so nothing may be done to it.
 */
export type Liveness = 'alive' | 'dead' | 'other' | 'unknown';

/** What became of a signal. Only `sent` touched a process. */
export type SignalOutcome = 'sent' | 'gone' | 'refused';

/** Processes of this machine, by proof of identity. */
export interface Processes {
  /** @throws Error never; null when the system does not tell, then nothing can be proven. */
  host(): HostIdentity | null;
  /** The name of a process for ever; null when it is gone or cannot be looked at. */
  ref(pid: number): ProcessRef | null;
  liveness(ref: ProcessRef): Liveness;
  /** Proven to be alive, and stopped. */
  isStopped(ref: ProcessRef): boolean;
  /**
   * Sends `signal` if, directly before, `ref` is proven to be alive. `gone` when it is proven dead,
   * `refused` when its identity cannot be proven or the system forbids it. Between proof and signal
   * microseconds remain, which only a pidfd would close, and Node has none.
   */
  signal(ref: ProcessRef, signal: NodeJS.Signals): SignalOutcome;
}

/** The processes of this machine. */
export function systemProcesses(): Processes {
  return processesOf(process.platform === 'darwin' ? macosProcesses() : linuxProcesses());
}

/** {@link Processes} over any source. */
export function processesOf(
  source: ProcessSource,
  send: (pid: number, signal: NodeJS.Signals) => void = (pid, signal) => {
    process.kill(pid, signal);
  },
): Processes {
  const liveness = (ref: ProcessRef): Liveness => judge(ref, source);
  return {
    host: () => source.host(),
    ref: (pid) => refOf(pid, source),
    liveness,
    isStopped: (ref) => liveness(ref) === 'alive' && isStopped(source.look(ref.pid)),
    signal(ref, signal) {
      const state = liveness(ref);
      if (state === 'dead' || state === 'other') return state === 'dead' ? 'gone' : 'refused';
      if (state === 'unknown') return 'refused';
      try {
        send(ref.pid, signal);
        return 'sent';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'refused';
      }
    },
  };
}

function isStopped(facts: ReturnType<ProcessSource['look']>): boolean {
  return typeof facts === 'object' && facts.stopped;
}

function refOf(pid: number, source: ProcessSource): ProcessRef | null {
  const host = source.host();
  const facts = source.look(pid);
  if (host === null || facts === 'none' || facts === 'unknown' || facts.zombie) return null;
  return { pid, startTicks: facts.startTicks, ...host };
}

function judge(ref: ProcessRef, source: ProcessSource): Liveness {
  // 0 and negative pids address groups; 1 is never ours.
  if (!Number.isSafeInteger(ref.pid) || ref.pid <= 1 || ref.bootId === '') return 'unknown';
  const host = source.host();
  if (host === null) return 'unknown';
  // No process survives a reboot.
  if (ref.bootId !== host.bootId) return 'dead';
  if (ref.pidNamespace !== host.pidNamespace) return 'unknown';
  const facts = source.look(ref.pid);
  if (facts === 'unknown') return 'unknown';
  if (facts === 'none') return 'dead';
  if (facts.startTicks !== ref.startTicks) return 'other';
  return facts.zombie ? 'dead' : 'alive';
}
