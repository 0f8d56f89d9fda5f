/**
 * What tests share, and nothing that production code may import: waiting for a condition instead
 * of sleeping, a clock a test owns, folders and processes that are gone when the test is over.
 *
 * Everything a test opens here belongs to a scope of that test (`test-scope.ts`). At its end the
 * scope kills what was started, then looks for processes that still live in one of the test's
 * folders or carry its mark: finding one fails the test ("nothing left behind").
 *
 * `setup.ts` is loaded before each test file: it removes real keys and webhooks from the
 * environment and refuses every connection that would leave this machine.
 */
export { exitedProcess, spawnNode, spawnProcess } from './child.ts';
export type { Child, Exit, SpawnOptions } from './child.ts';
export { dying } from './dying.ts';
export { isAlive } from './process-table.ts';
export { manualClock } from './manual-clock.ts';
export type { ManualClock } from './manual-clock.ts';
export { nodeBinary, repoRoot } from './repo-root.ts';
export { onCleanup } from './test-scope.ts';
export { memoryDir, tempDir } from './temp-dir.ts';
export { waitUntil } from './wait-until.ts';
export type { WaitOptions } from './wait-until.ts';
