import type { Capabilities, Clock, Json, ProcessRef } from '@nightshift/domain';
import { NightshiftError } from '@nightshift/domain';
import type { ChildJob, ChildModel } from '../channel/protocol.ts';
import type { Launcher } from '../launcher.ts';
import type { ChildGrants } from './grants.ts';
import type { OutputLimits, OutputStream } from './output-lines.ts';

/** One attempt at a job, as the worker asks for it. */
export interface RunChildOptions {
  readonly launcher: Launcher;
  /** Absolute path of the agent's entry file. */
  readonly entryFile: string;
  readonly job: ChildJob;
  readonly previous: { readonly at: number; readonly data: Json } | null;
  readonly input: Json;
  readonly models: Readonly<Record<string, ChildModel>>;
  readonly grants: ChildGrants;
  /** Heap limit of the child, MiB. The whole process may hold 160 MiB more. */
  readonly memoryMb: number;
  readonly capabilities: Capabilities;
  /** Ends the attempt from outside; the reason is told to the agent. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The identity of a process that was just started; null when it is gone already. */
  readonly identify: (pid: number) => Promise<ProcessRef | null> | ProcessRef | null;
  /** Awaited before the agent's code is loaded: the child is on record first. */
  readonly onStarted: (ref: ProcessRef) => Promise<void> | void;
  readonly onOutput: (stream: OutputStream, line: string) => void;
  readonly limits?: ChildLimits;
  /**
   * Working folder of the child: what relative paths in its input are relative to. It need not be
   * readable, and being in it grants nothing. Default its scratch folder.
   */
  readonly cwd?: string;
  /** Where scratch folders are made; default the system's temporary folder. */
  readonly scratchRoot?: string;
  /**
   * More arguments to Node, such as `--import=FILE` for a test's clock. Files named so become
   * readable. The child's environment stays empty: a preload takes its settings from its URL.
   */
  readonly extraExecArgv?: readonly string[];
}

export interface ChildLimits {
  /** From the abort at the deadline to SIGKILL, ms. Default 1,000. */
  readonly deadlineGraceMs?: number;
  /** From an abort from outside to SIGKILL, ms. Default 10,000. */
  readonly abortGraceMs?: number;
  readonly output?: OutputLimits;
}

/** Why a signal was aborted, as text. */
export function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  if (reason instanceof NightshiftError) return reason.code;
  return reason instanceof Error ? reason.message : String(reason);
}
