import { EXIT, NightshiftError, errorFacts } from '@nightshift/domain';
import { stopFile } from '@nightshift/lifecycle';
import { type Halt, readHalt } from './halt-state.ts';
import type { Installation } from './installation.ts';

export interface ResumeResult {
  /** What was in force before. */
  readonly before: Halt;
}

/**
 * Ends a halt: the row, then the file. The file goes last, so that whatever fails leaves the
 * installation halted, never half resumed.
 *
 * @throws NightshiftError `resume-failed` (1 or 75) when either could not be cleared.
 */
export async function resume(installation: Installation): Promise<ResumeResult> {
  const before = await readHalt(installation);
  try {
    await (await installation.store()).control.resume(installation.actor);
  } catch (error) {
    throw failed('the halt row', installation.paths.database, error);
  }
  const file = stopFile(installation.paths.stopFile);
  try {
    file.remove();
  } catch (error) {
    throw failed('the STOP file', file.path, error);
  }
  if (file.isStopped()) throw failed('the STOP file', file.path, new Error('it is still there'));
  return { before };
}

function failed(what: string, at: string, cause: unknown): NightshiftError {
  const retryable = cause instanceof NightshiftError && cause.retryable;
  return new NightshiftError(
    'resume-failed',
    `${what} could not be cleared: ${errorFacts(cause).message}; everything stays halted`,
    {
      at,
      fix: 'put that right, then nightshift resume again',
      retryable,
      exitCode: retryable ? EXIT.tryAgain : EXIT.failed,
      cause,
    },
  );
}
