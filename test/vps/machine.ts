import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { repoRoot, waitUntil } from '@nightshift/support';
import { Groups } from './groups.ts';

/** Where the checkout lies in the machine: read-only, and owned by root, as on an installed one. */
export const PROGRAM = '/opt/nightshift';
/** Where a machine with a way out finds its proxy, on its own loopback. */
export const PROXY = 'http://127.0.0.1:3128';
const MEMORY_BYTES = 512 * 1024 * 1024;
const BOOT_MS = 60_000;
const COMMAND_MS = 400_000;

export interface MachineOptions {
  /** Where it sees the checkout that is tested; null: nowhere. Default: {@link PROGRAM}. */
  readonly checkoutAt?: string | null;
  /** Folders of this machine that it sees, read-only: here -> there. */
  readonly shows?: Readonly<Record<string, string>>;
  /** Lets it reach package registries, through a proxy on its own loopback. Default: no. */
  readonly wayOut?: boolean;
  /** Size of a disk of its own, bytes; default: a folder on this machine's disk. */
  readonly diskBytes?: number;
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A Debian with a real systemd as its first process, in namespaces of its own: its own processes,
 * network (loopback alone), users of its own files, and 512 MB of memory. Nothing of the machine
 * that runs the test is touched, and any number of them may run at once.
 */
export class Machine {
  readonly dir: string;
  readonly #root: string;
  readonly #groups: Groups;
  readonly #options: MachineOptions;
  #nspawn: ChildProcess | null = null;
  #wayOut: ChildProcess | null = null;
  #leader = 0;

  constructor(base: string, options: MachineOptions = {}) {
    this.dir = mkdtempSync('/var/tmp/nightshift-vps-');
    this.#root = join(this.dir, 'root');
    this.#options = options;
    this.#groups = new Groups(basename(this.dir), MEMORY_BYTES);
    mkdirSync(this.#root);
    if (options.diskBytes !== undefined) this.#ownDisk(options.diskBytes);
    sh(`cp -a --reflink=auto '${base}/.' '${this.#root}'`);
    for (const there of this.#shown.values()) {
      mkdirSync(join(this.#root, there), { recursive: true });
    }
    writeFileSync(join(this.#root, 'etc/machine-id'), '');
    if (options.wayOut === true) this.#nameWayOut();
  }

  /** True when its memory is limited; some kernels do not offer it here. */
  get limited(): boolean {
    return this.#groups.limited;
  }

  /** Most memory it ever used, MB; null where nobody counts. */
  get peakMb(): number | null {
    return this.#groups.peakMb;
  }

  /** How often it ran against its limit so hard that something was killed. */
  get killed(): number {
    return this.#groups.killed;
  }

  /** Words before a command of this machine that make the other's loopback its own. */
  get onItsNetwork(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#leader}/ns/net`, '--'];
  }

  async boot(): Promise<void> {
    const name = basename(this.dir);
    const args = ['-D', this.#root, `--machine=${name}`, '--register=no', '--keep-unit', '-b'];
    const shown = [...this.#shown].map(([here, there]) => `--bind-ro=${here}:${there}`);
    const nspawn = ['systemd-nspawn', ...args, '--private-network', ...shown, '--console=pipe'];
    const line = `${this.#groups.enter}exec "$@"`;
    this.#nspawn = spawn('sh', ['-c', line, 'sh', ...nspawn], { stdio: 'ignore' });
    await this.#booted();
    if (this.#options.wayOut === true) this.#openWayOut();
  }

  /** Down and up again. It ends when it restarts (nspawn with --keep-unit leaves that to others). */
  async reboot(): Promise<void> {
    const before = this.#nspawn;
    this.run('systemctl', 'reboot');
    const down = (): boolean => before?.exitCode !== null || before.signalCode !== null;
    await waitUntil(down, { what: 'the machine to go down', timeoutMs: BOOT_MS, everyMs: 100 });
    this.#wayOut?.kill('SIGKILL');
    await this.boot();
  }

  /** Runs a command as root in the machine. */
  run(command: string, ...args: string[]): Ran {
    const enter = ['-t', String(this.#leader), '-a', '--', command, ...args];
    const ran = spawnSync('nsenter', enter, { encoding: 'utf8', timeout: COMMAND_MS });
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

  /** Ends it, whatever it does, and removes all of it. Legal twice. */
  destroy(): void {
    // The first process of a pid namespace takes all others with it.
    for (const pid of [this.#leader, this.#nspawn?.pid ?? 0, this.#wayOut?.pid ?? 0]) {
      if (pid > 1 && existsSync(`/proc/${pid}`)) spawnSync('kill', ['-KILL', String(pid)]);
    }
    spawnSync('sleep', ['0.5']);
    if (this.#options.diskBytes !== undefined) spawnSync('umount', [this.#root]);
    rmSync(this.dir, { recursive: true, force: true });
    this.#groups.remove();
  }

  get #shown(): ReadonlyMap<string, string> {
    const { checkoutAt = PROGRAM, shows = {} } = this.#options;
    const shown = new Map(Object.entries(shows));
    return checkoutAt === null ? shown : shown.set(repoRoot, checkoutAt);
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

  #ownDisk(bytes: number): void {
    const image = join(this.dir, 'disk');
    sh(`truncate -s ${bytes} '${image}' && mkfs.ext4 -q '${image}'`);
    sh(`mount -o loop '${image}' '${this.#root}'`);
  }

  /** Where packages come from is what this machine says, and whom it trusts. */
  #nameWayOut(): void {
    const trusted = '/etc/ssl/certs/ca-certificates.crt';
    if (existsSync(trusted)) this.write(trusted, readFileSync(trusted, 'utf8'));
    const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'];
    const pairs = [...names.map((it) => `${it}=${PROXY}`), `NODE_EXTRA_CA_CERTS=${trusted}`];
    this.write('etc/environment', `${pairs.join('\n')}\n`);
    this.write('etc/ssh/sshd_config.d/way-out.conf', `SetEnv ${pairs.join(' ')}\n`);
    this.write('etc/apt/apt.conf.d/90way-out', `Acquire::http::Proxy "${PROXY}";\n`);
    const { stdout } = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' });
    this.write('root/.npmrc', `registry=${(stdout ?? '').trim()}\n`);
  }

  /** It listens there and calls out from here: see way-out.ts. */
  #openWayOut(): void {
    const here = ['nsenter', `--net=/proc/${process.pid}/ns/net`, '--'];
    const listening = ['systemd-socket-activate', '-l', new URL(PROXY).host];
    const proxy = [process.execPath, join(repoRoot, 'test/vps/way-out.ts')];
    const [enter = '', ...words] = [...this.onItsNetwork, ...listening, ...here, ...proxy];
    this.#wayOut = spawn(enter, words, { stdio: 'ignore' });
  }
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
