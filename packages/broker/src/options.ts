import type {
  AllowSettings,
  BreakerStore,
  Clock,
  ControlStore,
  EndpointSettings,
  JobStore,
  Json,
  Ledger,
  LogLevel,
  SecretRef,
} from '@nightshift/domain';
import type { Address, Resolve } from './egress/addresses.ts';
import type { EgressLimits } from './egress/limits.ts';
import type { Models } from './endpoints.ts';
import type { Denial } from './denials.ts';
import type { Limits } from './limits.ts';
import type { StopFile } from './stop-file.ts';

/** Everything the broker is made of. */
export interface BrokerOptions {
  readonly endpoints: readonly EndpointSettings[];
  /** Aliases, as agents are allowed to use them. */
  readonly models: Models;
  /** What each agent may do, by its name. An agent that is not here may do nothing. */
  readonly agents: Readonly<Record<string, AllowSettings>>;
  readonly ledger: Ledger;
  readonly breakers: BreakerStore;
  readonly control: Pick<ControlStore, 'read' | 'pausedAgents'>;
  readonly jobs: Pick<JobStore, 'get'>;
  readonly stopFile: StopFile;
  /** The value of a secret, or null when it is not set. */
  readonly secret: (ref: SecretRef) => string | null;
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random?: () => number;
  readonly limits?: Partial<Limits>;
  readonly egress?: Partial<EgressLimits>;
  /** Name resolution for plain fetches; the system's when left out. */
  readonly resolve?: Resolve;
  /** Which addresses a name may lead to; those of the public internet when left out. */
  readonly isPublic?: (address: Address) => boolean;
  /** Sent as `User-Agent`, such as `nightshift/0.1.0`. */
  readonly userAgent: string;
  readonly log: BrokerLog;
  /** Told when an agent reaches for what it may not have; the caller makes it an event. */
  readonly denied?: (denial: Denial) => Promise<void>;
  /** Told of work in flight, for beats. */
  readonly watch?: Watch;
}

export type BrokerLog = (
  level: LogLevel,
  message: string,
  fields: { readonly [key: string]: Json },
) => void;

/** How a process can tell work that is slow from work that hangs. */
export interface Watch {
  /** A call left that may be silent until `deadlineAt`, epoch ms. @returns what ends it. */
  begin(deadlineAt: number): () => void;
  /** Something moved. */
  progress(): void;
}
