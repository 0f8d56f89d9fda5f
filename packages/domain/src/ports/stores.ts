import type { Breaker } from '../breaker.ts';
import type { ReportDraft } from '../capabilities.ts';
import type { Beat, Instance, LauncherName, Phase, ServiceName } from '../service.ts';
import type { Json } from '../json.ts';
import type { Delivered } from '../value.ts';
import type { ProcessRef } from '../job.ts';
import type { Actor, Fence } from './job-store.ts';

/** Breakers, shared by all processes. */
export interface BreakerStore {
  get(name: string): Promise<Breaker>;
  list(): Promise<readonly Breaker[]>;
  /** Writes `next` if the row still equals `seen`; false when another process was first. */
  swap(seen: Breaker, next: Breaker): Promise<boolean>;
  reset(name: string, actor: Actor): Promise<boolean>;
}

/** Lives of services and their beats. */
export interface InstanceStore {
  /** Written first at boot. @returns the id of this life. */
  register(entry: {
    readonly id: string;
    readonly service: ServiceName;
    readonly process: ProcessRef;
    readonly version: string;
    readonly configHash: string;
  }): Promise<void>;
  /** A beat that comes `silentMs` or more after the one before it leaves an event that says so. */
  beat(id: string, beat: Beat, silentMs?: number): Promise<void>;
  /** Notes which launcher this life of a worker has proven. */
  proven(id: string, launcher: LauncherName): Promise<void>;
  stopped(id: string): Promise<void>;
  /** The newest life of each service. */
  current(): Promise<readonly Instance[]>;
  /** Lives of these services without `stoppedAt`, all of them, newest first. */
  running(...services: readonly ServiceName[]): Promise<readonly Instance[]>;
}

export interface HaltState {
  readonly halted: boolean;
  readonly reason: string | null;
  readonly who: string | null;
  readonly at: number | null;
}

/** The halt row and paused agents. The STOP file is looked at by its own port, not here. */
export interface ControlStore {
  halt(reason: string, actor: Actor): Promise<HaltState>;
  /** Given a reason, only a halt of that reason is ended. */
  resume(actor: Actor, reason?: string): Promise<HaltState>;
  /** The newest order to resume, also one that found only a STOP file; null when there was none. */
  lastResume(): Promise<{ readonly at: number; readonly who: string } | null>;
  read(): Promise<HaltState>;
  pauseAgent(agent: string, actor: Actor): Promise<void>;
  resumeAgent(agent: string, actor: Actor): Promise<void>;
  pausedAgents(): Promise<readonly string[]>;
}

export interface Report extends ReportDraft {
  readonly id: string;
  readonly job: string;
  readonly agent: string;
  readonly createdAt: number;
}

export interface ReportStore {
  /** Files the one report of a job. Null when the lease is gone; the report that stands when an
   * earlier attempt filed it. @throws NightshiftError `report-duplicate` when this attempt did. */
  file(fence: Fence, report: ReportDraft): Promise<Report | null>;
  get(id: string): Promise<Report | null>;
  list(filter: { readonly agent?: string; readonly limit: number }): Promise<readonly Report[]>;
  /** Ids of an agent's reports made in `[fromAt, toAt)`. */
  ids(agent: string, fromAt: number, toAt: number): Promise<readonly string[]>;
  /** The last report of a done job of this agent, for `ctx.previous`. */
  previous(agent: string): Promise<Report | null>;
  /** Jobs that are done with a report filed from `sinceAt` on and before `untilAt`, per agent. */
  delivered(sinceAt: number, untilAt?: number): Promise<readonly Delivered[]>;
}

/** One line of the stream that logs, pages and the referee read. */
export interface Event {
  readonly id: number;
  readonly at: number;
  readonly kind: string;
  readonly ref: string | null;
  readonly data: Json;
}

export interface EventStore {
  append(kind: string, ref: string | null, data: Json): Promise<void>;
  since(id: number, limit: number): Promise<readonly Event[]>;
}

export interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string | null;
  readonly detail: Json;
}

export interface AuditStore {
  record(actor: Actor, action: string, subject: string | null, detail: Json): Promise<void>;
  list(limit: number): Promise<readonly AuditRow[]>;
}

export type { Beat, Instance, Phase };
