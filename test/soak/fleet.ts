import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { serviceFlags } from '@nightshift/lifecycle';
import { nodeBinary, repoRoot } from '@nightshift/support';
import { machineMs, machineSleep } from './clock.mjs';
import type { Timeline } from './timeline.ts';

export const SERVICES = ['scheduler', 'worker', 'watchdog'] as const;
export type Service = (typeof SERVICES)[number];

export interface FleetParts {
  readonly dir: string;
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeline: Timeline;
  /** Between an end and the next start, ms of the machine. */
  readonly restartMs: number;
}

interface Kept {
  child: ChildProcess | null;
  startedMs: number;
  starts: number;
  /** Lives in a row that ended at once and by themselves. */
  stillborn: number;
  down: boolean;
}

/** A service that never comes up would let a run go on for nothing. */
const STILLBORN_MAX = 8;
const SHORT_LIFE_MS = 10_000;

/** A supervisor as small as one can be: starts again whatever ends, except after a 78. */
export class Fleet {
  readonly #parts: FleetParts;
  readonly #kept = new Map<Service, Kept>();
  #stopping = false;
  /** Why a service stays down though nobody asked for it. */
  gaveUp: string | null = null;
  /** While nothing can be written, nobody is blamed for not coming up. */
  patient = false;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  start(): void {
    for (const service of SERVICES) {
      this.#kept.set(service, { child: null, startedMs: 0, starts: 0, stillborn: 0, down: false });
      this.#launch(service);
    }
  }

  /** The pid of a running service. */
  pid(service: Service): number | null {
    return this.#kept.get(service)?.child?.pid ?? null;
  }

  /** How long a service has been up, ms of the machine; 0 while it is not. */
  upMs(service: Service): number {
    const kept = this.#kept.get(service);
    return kept?.child == null ? 0 : machineMs() - kept.startedMs;
  }

  /** Sends a signal. False while the service is down. */
  signal(service: Service, signal: NodeJS.Signals): boolean {
    const child = this.#kept.get(service)?.child;
    const pid = child?.pid;
    if (child == null || pid === undefined) return false;
    this.#parts.timeline.note('signal', { service, signal, pid });
    return child.kill(signal);
  }

  /**
   * Lets a service end for good and waits for it. @returns its exit code; null for a killed one.
   */
  async stop(service: Service, withinMs: number): Promise<number | null> {
    const kept = this.#kept.get(service);
    if (kept === undefined) return null;
    kept.down = true;
    const { child } = kept;
    if (child === null) return null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    this.signal(service, 'SIGTERM');
    const inTime = await Promise.race([ended.then(() => true), machineSleep(withinMs)]);
    if (inTime !== true) this.signal(service, 'SIGKILL');
    return ended;
  }

  /** Stops all for good: the watchdog last, so that it tells what it can. */
  async stopAll(withinMs: number): Promise<void> {
    this.#stopping = true;
    for (const service of SERVICES) await this.stop(service, withinMs);
  }

  /** SIGKILL to all that runs, at once: for the way out of a failed run. */
  killAll(): void {
    this.#stopping = true;
    for (const { child } of this.#kept.values()) child?.kill('SIGKILL');
  }

  #launch(service: Service): void {
    const { dir, stateDir, env, timeline } = this.#parts;
    const kept = this.#kept.get(service)!;
    const main = path.join(repoRoot, 'services', service, 'src/main.ts');
    const config = path.join(dir, 'nightshift.config.ts');
    const child = spawn(
      nodeBinary,
      [...serviceFlags(service), main, '--config', config, '--state-dir', stateDir],
      { cwd: dir, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    child.stderr.on('data', (text: Buffer) => {
      appendFileSync(path.join(dir, 'evidence', `${service}.stderr`), text);
    });
    child.once('exit', (code, signal) => this.#ended(service, child, code, signal));
    kept.child = child;
    kept.startedMs = machineMs();
    kept.starts += 1;
    timeline.note('start', { service, pid: child.pid });
  }

  #ended(
    service: Service,
    child: ChildProcess,
    code: number | null,
    signal: NodeJS.Signals | null,
  ): void {
    const kept = this.#kept.get(service)!;
    kept.child = null;
    this.#parts.timeline.note('exit', { service, pid: child.pid, code, signal });
    if (this.#stopping || kept.down) return;
    const stillborn = signal === null && machineMs() - kept.startedMs < SHORT_LIFE_MS;
    kept.stillborn = stillborn && !this.patient ? kept.stillborn + 1 : 0;
    if (code === 78 || kept.stillborn > STILLBORN_MAX) {
      this.gaveUp = `the ${service} ended with ${code}, see ${service}.stderr`;
      return;
    }
    void this.#again(service, kept);
  }

  async #again(service: Service, kept: Kept): Promise<void> {
    await machineSleep(this.#parts.restartMs);
    if (!this.#stopping && !kept.down) this.#launch(service);
  }
}
