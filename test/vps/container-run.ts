import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot, waitUntil } from '@nightshift/support';
import type { Image } from './container-file.ts';
import type { Ran } from './machine.ts';

/** Longest step of a build, ms. */
const STEP_MS = 10 * 60_000;
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** A folder that is being made into an image, and what runs in it: namespaces, and no engine. */
export class Container {
  readonly root: string;
  readonly #dir: string;
  readonly #image: Image;
  #running: ChildProcess | null = null;

  constructor(base: string, image: Image) {
    this.#dir = mkdtempSync('/var/tmp/nightshift-container-');
    this.root = join(this.#dir, 'root');
    this.#image = image;
    mkdirSync(this.#volume);
    this.here('cp', ['-a', '--reflink=auto', base, this.root]);
    mkdirSync(join(this.root, 'build'), { recursive: true });
  }

  /** Keeps what was made so far, whole or not at all, for a later one to begin with. */
  keepAs(layer: string): void {
    const draft = `${layer}.${process.pid}`;
    this.here('cp', ['-a', '--reflink=auto', this.root, draft]);
    renameSync(draft, layer);
  }

  get #volume(): string {
    return join(this.#dir, 'volume');
  }

  /** A command of this machine, in the checkout. @returns what it printed. @throws Error */
  here(command: string, args: readonly string[]): string {
    const ran = spawnSync(command, [...args], { cwd: repoRoot, encoding: 'utf8' });
    if (ran.status === 0) return ran.stdout;
    throw new Error(`${command} ended with ${ran.status}: ${ran.stderr}`);
  }

  /** A RUN: with the network of this machine, as an engine builds. @throws Error when it fails. */
  build(line: string): void {
    const known = [`--bind-ro=${CERTIFICATES}:/build/certificates.crt`];
    const trust = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'].map(
      (it) => `--setenv=${it}=/build/certificates.crt`,
    );
    const network = existsSync('/etc/resolv.conf') ? ['--resolv-conf=copy-host'] : [];
    const args = [...this.#nspawn, ...known, ...trust, ...network, `--chdir=${this.#at}`];
    const words = [...args, '/bin/sh', '-c', line];
    const ran = spawnSync('systemd-nspawn', words, { encoding: 'utf8', timeout: STEP_MS });
    if (ran.status === 0) return;
    throw new Error(`RUN ${line}\nended with ${ran.status}: ${ran.stdout}${ran.stderr}`);
  }

  /** Starts it without a volume, until it ends. */
  once(): Ran {
    const args = [...this.#nspawn, '--private-network', ...this.#words];
    const ran = spawnSync('systemd-nspawn', args, { encoding: 'utf8', timeout: STEP_MS });
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  }

  /** Starts it on its volume: the first process is that of ENTRYPOINT, the network is loopback. */
  async start(): Promise<void> {
    const volume = `--bind=${this.#volume}:${this.#image.environment['NIGHTSHIFT_STATE_DIR']}`;
    const args = [...this.#nspawn, '--private-network', volume, ...this.#words];
    this.#running = spawn('systemd-nspawn', args, { stdio: 'ignore' });
    const up = (): boolean => this.#first !== 0;
    await waitUntil(up, { what: 'the container to start', timeoutMs: 30_000, everyMs: 100 });
  }

  /** As `podman exec`: in the running container, as root, with its variables. @throws Error */
  exec(...words: readonly string[]): string {
    const variables = Object.entries(this.#image.environment).map(([a, b]) => `${a}=${b}`);
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';
    const inside = ['env', '-i', path, ...variables, ...words];
    return this.here('nsenter', ['-t', String(this.#first), '-a', '--', ...inside]);
  }

  /** The signal of STOPSIGNAL to the first process, and nothing else. @throws Error if it lives on. */
  async stop(): Promise<void> {
    const child = this.#running;
    process.kill(this.#first, this.#image.stopSignal);
    const over = (): boolean => child?.exitCode !== null || child.signalCode !== null;
    await waitUntil(over, { what: 'the container to end', timeoutMs: 45_000, everyMs: 100 });
    this.#running = null;
  }

  volumeFile(name: string): string {
    return readFileSync(join(this.#volume, name), 'utf8');
  }

  /** Ends it and removes all of it. Legal twice. */
  destroy(): void {
    const first = this.#first;
    if (first !== 0) process.kill(first, 'SIGKILL');
    spawnSync('sleep', ['0.5']);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  get #at(): string {
    return existsSync(join(this.root, this.#image.workdir)) ? this.#image.workdir : '/';
  }

  get #words(): readonly string[] {
    const { environment, entrypoint, command, workdir } = this.#image;
    const variables = Object.entries(environment).map(([a, b]) => `--setenv=${a}=${b}`);
    return [...variables, `--chdir=${workdir}`, ...entrypoint, ...command];
  }

  get #nspawn(): readonly string[] {
    return ['-q', '-D', this.root, '--register=no', '--keep-unit', '--console=pipe'];
  }

  /** The first process of the container, as this machine counts; 0 when it does not run. */
  get #first(): number {
    const pid = this.#running?.pid;
    if (pid === undefined || this.#running?.exitCode !== null) return 0;
    try {
      return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
    } catch {
      return 0;
    }
  }
}
