import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TOP = '/sys/fs/cgroup';
/** A new group of this one takes nobody in before it was told on which processors. */
const UNUSABLE = 'cpuset';

/**
 * Control groups of one machine, by either version of them. Of its own in every hierarchy: two
 * systemds in one group would each take the other's services for its own and end them. The one for
 * memory has a limit.
 */
export class Groups {
  readonly #dirs: readonly string[];
  readonly #memory: string | null;

  constructor(name: string, memoryBytes: number) {
    const tops = existsSync(join(TOP, 'cgroup.procs')) ? [TOP] : hierarchies();
    this.#dirs = tops.map((it) => join(it, name)).filter(made);
    this.#memory = this.#dirs.find((it) => limited(it, memoryBytes)) ?? null;
  }

  /** True when memory is limited; some kernels do not offer it here. */
  get limited(): boolean {
    return this.#memory !== null;
  }

  /** Shell that moves the shell into them. */
  get enter(): string {
    return this.#dirs.map((it) => `echo $$ > '${it}/cgroup.procs'; `).join('');
  }

  /** Most memory they ever used, MB; null where nobody counts. */
  get peakMb(): number | null {
    const text = this.#memoryFile(['memory.max_usage_in_bytes', 'memory.peak']);
    return text === null ? null : Math.round(Number(text) / 1024 / 1024);
  }

  /** How often the limit was hit so hard that something was killed. */
  get killed(): number {
    const text = this.#memoryFile(['memory.oom_control', 'memory.events']);
    return Number(/^oom_kill (\d+)$/m.exec(text ?? '')?.[1] ?? 0);
  }

  /** systemd makes groups below; only empty ones can be removed, the innermost first. */
  remove(): void {
    for (const dir of this.#dirs) {
      spawnSync('find', [dir, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    }
  }

  #memoryFile(names: readonly string[]): string | null {
    if (this.#memory === null) return null;
    const files = names.map((it) => join(this.#memory ?? '', it));
    const file = files.find((it) => existsSync(it));
    return file === undefined ? null : readFileSync(file, 'utf8');
  }
}

function hierarchies(): readonly string[] {
  if (!existsSync(TOP)) return [];
  const names = readdirSync(TOP).filter((it) => it !== UNUSABLE);
  return names.map((it) => join(TOP, it)).filter((it) => existsSync(join(it, 'cgroup.procs')));
}

function made(dir: string): boolean {
  try {
    mkdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

function limited(dir: string, bytes: number): boolean {
  const files = ['memory.limit_in_bytes', 'memory.max'].map((it) => join(dir, it));
  const file = files.find((it) => existsSync(it));
  if (file !== undefined) writeFileSync(file, String(bytes));
  return file !== undefined;
}
