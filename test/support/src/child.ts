import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isAlive } from './process-table.ts';
import { nodeBinary, repoRoot } from './repo-root.ts';
import { testScope } from './test-scope.ts';
import { waitUntil } from './wait-until.ts';

/** Node checks what it reads here against the source, so a stale one costs time and nothing else. */
const COMPILED = join(repoRoot, 'node_modules/.cache/nightshift-compiled');

/** How a process ended: exactly one of the two is not null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnOptions {
  /** Working folder; default the repository. */
  readonly cwd?: string;
  /** Added to this process's (scrubbed) environment; `undefined` removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to its standard input, which is closed at once otherwise. */
  readonly input?: string;
}

/** A process a test started. */
export interface Child {
  readonly pid: number;
  /** Everything it wrote so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when it has ended and both its outputs are closed. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Signals this process alone, by pid. False when it is gone. Default SIGTERM. */
  kill(signal?: NodeJS.Signals): boolean;
  /** Waits until stdout or stderr holds `text`; the failure shows both. */
  prints(text: string | RegExp, timeoutMs?: number): Promise<void>;
}

/**
 * Starts a program with captured output. It, and everything below it, is killed when the test is
 * over; what escaped that fails the test.
 *
 * @throws Error when the program cannot be started.
 */
export function spawnProcess(
  command: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): Child {
  const scope = testScope();
  const child = spawn(command, args, {
    cwd: options.cwd ?? repoRoot,
    env: { ...process.env, TEST_MARK: scope.mark, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.on('error', () => undefined);
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  const { pid } = child;
  scope.pids.add(pid);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const out = capture(child.stdout);
  const err = capture(child.stderr);
  const exited = exitOf(child).finally(() => scope.pids.delete(pid));
  return {
    pid,
    exited,
    get stdout() {
      return out();
    },
    get stderr() {
      return err();
    },
    kill: (signal = 'SIGTERM') => child.exitCode === null && child.kill(signal),
    prints: (text, timeoutMs = 10_000) => waitForText(() => out() + err(), text, timeoutMs),
  };
}

/**
 * {@link spawnProcess} with the repository's Node: `spawnNode(['services/x/src/main.ts'])`. What one
 * program compiled the next one reads, unless the test names a place of its own: most of a start is
 * compiling.
 */
export function spawnNode(args: readonly string[], options: SpawnOptions = {}): Child {
  const env = { NODE_COMPILE_CACHE: COMPILED, ...options.env };
  return spawnProcess(nodeBinary, args, { ...options, env });
}

/** A pid that certainly belongs to nobody: a process that was started and has ended. */
export async function exitedProcess(): Promise<number> {
  const child = spawnNode(['-e', '']);
  await child.exited;
  await waitUntil(() => !isAlive(child.pid), { what: `process ${child.pid} to be gone` });
  return child.pid;
}

function capture(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  const [code, signal] = (await once(child, 'close')) as [Exit['code'], Exit['signal']];
  return { code, signal };
}

async function waitForText(
  read: () => string,
  text: string | RegExp,
  timeoutMs: number,
): Promise<void> {
  const seen = (): boolean =>
    typeof text === 'string' ? read().includes(text) : text.test(read());
  try {
    await waitUntil(seen, { what: `output ${String(text)}`, timeoutMs });
  } catch (cause) {
    throw new Error(`${(cause as Error).message}; it printed:\n${read()}`, { cause });
  }
}
