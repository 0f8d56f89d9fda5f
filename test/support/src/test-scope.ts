import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { TestRunner, onTestFinished } from 'vitest';
import { waitUntil } from './wait-until.ts';
import { descendantsOf, isSame, listProcesses, type ProcessRow } from './process-table.ts';

/** What one test has open. */
export interface TestScope {
  /** Put into the environment of every process the test starts, and looked for at its end. */
  readonly mark: string;
  readonly dirs: string[];
  /** Pids of processes the test started itself and that may still run. */
  readonly pids: Set<number>;
  readonly cleanups: Array<() => unknown>;
}

const scopes = new WeakMap<object, TestScope>();

/** The scope of the test that is running; the first call arranges its end. */
export function testScope(): TestScope {
  const test = TestRunner.getCurrentTest();
  if (test === undefined) throw new Error('call this inside a test or beforeEach');
  const known = scopes.get(test);
  if (known !== undefined) return known;
  const scope = openScope();
  scopes.set(test, scope);
  onTestFinished(() => closeScope(scope), 30_000);
  return scope;
}

/** An empty scope that belongs to no test yet. */
export function openScope(): TestScope {
  return { mark: randomUUID(), dirs: [], pids: new Set(), cleanups: [] };
}

/** Runs `cleanup` at the end of this test, last one first, before processes and folders go. */
export function onCleanup(cleanup: () => unknown): void {
  testScope().cleanups.push(cleanup);
}

/**
 * Ends everything in the scope.
 *
 * @throws what a cleanup threw, or an Error listing the processes that were left behind.
 */
export async function closeScope(scope: TestScope): Promise<void> {
  const failures: unknown[] = [];
  for (const cleanup of scope.cleanups.toReversed()) {
    try {
      await cleanup();
    } catch (error) {
      failures.push(error);
    }
  }
  killStarted(scope);
  const left = await leftBehind(scope);
  for (const row of left) kill(row.pid);
  for (const dir of scope.dirs.toReversed()) {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
  if (left.length > 0) {
    const names = left.map((row) => `${row.pid} ${row.command}`).join('\n  ');
    failures.push(new Error(`processes left behind by this test:\n  ${names}`));
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, 'the end of this test failed');
}

/** The test is over, so what it started and did not end is ended with everything below it. */
function killStarted(scope: TestScope): void {
  if (scope.pids.size === 0) return;
  const rows = listProcesses();
  for (const root of scope.pids) {
    const below = descendantsOf(rows, root);
    kill(root);
    for (const row of below) if (isSame(row)) kill(row.pid);
  }
}

/** Processes of this test that are still there after two seconds, which nobody will ever end. */
async function leftBehind(scope: TestScope): Promise<ProcessRow[]> {
  if (scope.pids.size === 0 && scope.dirs.length === 0) return [];
  const traces = [scope.mark, ...scope.dirs];
  let left: ProcessRow[] = [];
  const gone = (): boolean => {
    left = listProcesses().filter((row) => row.pid !== process.pid && touches(row, traces));
    return left.length === 0;
  };
  await waitUntil(gone, { what: 'its processes to end', timeoutMs: 2_000, everyMs: 25 }).catch(
    () => false,
  );
  return left;
}

function touches(row: ProcessRow, traces: readonly string[]): boolean {
  const { command, cwd, environment } = row.details();
  return traces.some((it) => command.includes(it) || cwd.includes(it) || environment.includes(it));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone, which is what was wanted.
  }
}
