import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeBinary, repoRoot, waitUntil } from '@nightshift/support';

/** A program that a benchmark started. It is killed at the end of its group at the latest. */
export interface Program {
  readonly pid: number;
  /** Lines of its stdout so far. */
  readonly lines: readonly string[];
  readonly exited: Promise<number | null>;
  kill(signal?: NodeJS.Signals): void;
  /** Waits for line number `n` (from 0). @throws Error with its stderr when it ends before. */
  line(n: number, timeoutMs?: number): Promise<string>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than Node. */
  readonly command?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** In a session of its own, as a sandboxed child is: Linux shares the processor out by session. */
  readonly ownSession?: boolean;
}

/** Everything a group leaves behind unless it is closed. */
export interface Workspace {
  /** A new empty folder. */
  folder(name: string): string;
  start(args: readonly string[], options?: StartOptions): Program;
  /** Runs at the end, last one first, before programs are killed. */
  onClose(cleanup: () => unknown): void;
  /** Ends every program and removes every folder. */
  close(): Promise<void>;
}

/** An empty workspace. */
export function openWorkspace(): Workspace {
  const folders: string[] = [];
  const programs = new Set<Program>();
  const cleanups: Array<() => unknown> = [];
  const sweep = (): void => {
    for (const program of programs) program.kill('SIGKILL');
    for (const dir of folders) rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  // For the end that nobody planned.
  process.once('exit', sweep);
  return {
    folder(name) {
      const dir = realpathSync(mkdtempSync(join(tmpdir(), `nightshift-bench-${name}-`)));
      folders.push(dir);
      return dir;
    },
    start(args, options = {}) {
      const program = startProgram(args, options);
      programs.add(program);
      return program;
    },
    onClose: (cleanup) => void cleanups.push(cleanup),
    async close() {
      for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
      for (const program of programs) program.kill('SIGKILL');
      await Promise.all([...programs].map((program) => program.exited));
      sweep();
      process.off('exit', sweep);
    },
  };
}

function startProgram(args: readonly string[], options: StartOptions): Program {
  const child = spawn(options.command ?? nodeBinary, args, {
    cwd: options.cwd ?? repoRoot,
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), TMPDIR: tmpdir(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.ownSession ?? false,
    ...options.user,
  });
  child.on('error', () => undefined);
  const { pid, stdout, stderr } = child;
  if (pid === undefined) throw new Error(`cannot start ${options.command ?? 'node'} ${args[0]}`);
  const lines: string[] = [];
  let said = '';
  let ended = false;
  createInterface({ input: stdout }).on('line', (line) => lines.push(line));
  stderr.on('data', (text: Buffer) => (said += text.toString('utf8')));
  const exited = exitOf(child).finally(() => (ended = true));
  return {
    pid,
    lines,
    exited,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    async line(n, timeoutMs = 30_000) {
      const there = (): boolean => lines.length > n || ended;
      await waitUntil(there, { what: `line ${n} of ${args[0]}`, timeoutMs, everyMs: 1 });
      const line = lines[n];
      if (line === undefined) throw new Error(`${args.join(' ')} ended early:\n${said}`);
      return line;
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}
