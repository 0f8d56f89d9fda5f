import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, rmdirSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot, waitUntil } from '@nightshift/support';

/** Where the checkout lies in the machine: read-only, and owned by root, as on an installed one. */
export const PROGRAM = '/opt/nightshift';
const MEMORY_BYTES = 512 * 1024 * 1024;
const BOOT_MS = 60_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A Debian with a real systemd as its first process, in namespaces of its own: its own processes,
 * network (loopback alone), users of its own files, and 512 MB of memory. Nothing of the machine
 * that runs the test is touched.
 */
export class Machine {
  readonly dir: string;
  readonly #root: string;
  readonly #memory: string | null;
  #nspawn: ChildProcess | null = null;
  #leader = 0;

  constructor(base: string) {
    this.dir = mkdtempSync('/var/tmp/nightshift-vps-');
    this.#root = join(this.dir, 'root');
    this.#memory = memoryGroup(process.pid);
    sh(`cp -a --reflink=auto '${base}' '${this.#root}'`);
    mkdirSync(join(this.#root, PROGRAM), { recursive: true });
    writeFileSync(join(this.#root, 'etc/machine-id'), '');
  }

  /** True when its memory is limited; some kernels do not offer it here. */
  get limited(): boolean {
    return this.#memory !== null;
  }

  async boot(): Promise<void> {
    const args = ['-D', this.#root, '--register=no', '--keep-unit', '-b', '--private-network'];
    const nspawn = [
      'systemd-nspawn',
      ...args,
      `--bind-ro=${repoRoot}:${PROGRAM}`,
      '--console=pipe',
    ];
    const enter = this.#memory === null ? '' : `echo $$ > '${this.#memory}/cgroup.procs'; `;
    this.#nspawn = spawn('sh', ['-c', `${enter}exec "$@"`, 'sh', ...nspawn], { stdio: 'ignore' });
    await this.#booted();
  }

  /** Down and up again. It ends when it restarts (nspawn with --keep-unit leaves that to others). */
  async reboot(): Promise<void> {
    const before = this.#nspawn;
    this.run('systemctl', 'reboot');
    const down = (): boolean => before?.exitCode !== null || before.signalCode !== null;
    await waitUntil(down, { what: 'the machine to go down', timeoutMs: BOOT_MS, everyMs: 100 });
    await this.boot();
  }

  /** Runs a command as root in the machine. */
  run(command: string, ...args: string[]): Ran {
    const enter = ['-t', String(this.#leader), '-a', '--', command, ...args];
    const ran = spawnSync('nsenter', enter, { encoding: 'utf8', timeout: 150_000 });
    return { code: ran.status, stdout: ran.stdout ?? '', stderr: ran.stderr ?? '' };
  }

  /** Runs a line of shell; @returns what it printed. @throws Error when it fails. */
  sh(line: string): string {
    const { code, stdout, stderr } = this.run('sh', '-c', line);
    if (code === 0) return stdout.trim();
    throw new Error(`${line} ended with ${code}: ${(stderr || stdout).trim().slice(-1_500)}`);
  }

  write(path: string, text: string): void {
    const file = join(this.#root, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  }

  /** Most memory it ever used, MB; null where nobody counts. */
  get peakMb(): number | null {
    const names = ['memory.max_usage_in_bytes', 'memory.peak'];
    const file = names.map((it) => join(this.#memory ?? '', it)).find((it) => existsSync(it));
    if (this.#memory === null || file === undefined) return null;
    return Math.round(Number(readFileSync(file, 'utf8')) / 1024 / 1024);
  }

  /** How often it ran against its limit so hard that something was killed. */
  get killed(): number {
    const names = ['memory.oom_control', 'memory.events'];
    const file = names.map((it) => join(this.#memory ?? '', it)).find((it) => existsSync(it));
    if (file === undefined) return 0;
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  }

  /** Ends it, whatever it does, and removes all of it. Legal twice. */
  destroy(): void {
    // The first process of a pid namespace takes all others with it.
    for (const pid of [this.#leader, this.#nspawn?.pid ?? 0]) {
      if (pid > 1 && existsSync(`/proc/${pid}`)) spawnSync('kill', ['-KILL', String(pid)]);
    }
    spawnSync('sleep', ['0.5']);
    rmSync(this.dir, { recursive: true, force: true });
    if (this.#memory !== null && existsSync(this.#memory)) removeGroup(this.#memory);
  }

  async #booted(): Promise<void> {
    const wait = { timeoutMs: BOOT_MS, everyMs: 200 };
    await waitUntil(
      () => {
        this.#leader = childOf(this.#nspawn?.pid ?? 0) ?? 0;
        if (this.#leader === 0) return false;
        return /running|degraded/.test(this.run('systemctl', 'is-system-running').stdout);
      },
      { what: 'the machine to boot', ...wait },
    );
    this.#unmaskProc();
  }

  /**
   * nspawn hides parts of /proc, which a machine of its own does not: a boot id that differs from
   * the one a guarded unit sees, and files whose masks forbid a child a /proc of its own.
   */
  #unmaskProc(): void {
    this.run(
      'sh',
      '-c',
      `for m in $(grep -oE ' /proc/[^ ]+' /proc/self/mounts | sort -r); do umount $m; done`,
    );
  }
}

/** A group that limits memory, by either version of control groups; null where there is neither. */
function memoryGroup(id: number): string | null {
  const candidates = [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const;
  for (const [parent, limit] of candidates) {
    const dir = join(parent, `nightshift-vps-${id}`);
    try {
      mkdirSync(dir);
      writeFileSync(join(dir, limit), String(MEMORY_BYTES));
      return dir;
    } catch {
      if (existsSync(dir)) rmdirSync(dir);
    }
  }
  return null;
}

/** systemd makes groups below ours; only empty ones can be removed, the innermost first. */
function removeGroup(dir: string): void {
  spawnSync('find', [dir, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
}

function childOf(pid: number): number | null {
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
    return first === undefined || first === '' ? null : Number(first);
  } catch {
    return null;
  }
}

function sh(line: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${line}: ${stderr}`);
}
