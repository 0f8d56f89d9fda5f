import type { ChildOutcome } from '@nightshift/domain';
import { Attempt } from './attempt.ts';
import { resolveGrants } from './grants.ts';
import { reasonOf, type RunChildOptions } from './options.ts';
import { makeScratch, removeScratch } from './scratch.ts';

/**
 * Runs one attempt in a new child and returns how it ended. When it returns or throws, the child's
 * process group is dead and its scratch folder removed.
 *
 * What the agent or its child does is an outcome; a child that could not be started, was refused
 * its grants (`grant-*`) or could not be killed (`child-survived`) is an error.
 *
 * @throws NightshiftError
 */
export async function runChild(options: RunChildOptions): Promise<ChildOutcome> {
  const grants = await resolveGrants(options.entryFile, options.grants);
  if (grants === 'entry-missing') return entryMissing(options.entryFile);
  if (options.signal.aborted) return { kind: 'aborted', reason: reasonOf(options.signal) };
  const scratch = await makeScratch(options.scratchRoot);
  try {
    const attempt = new Attempt(options, grants, scratch);
    return await attempt.run();
  } finally {
    await removeScratch(scratch);
  }
}

function entryMissing(entryFile: string): ChildOutcome {
  const message = `the entry file ${entryFile} does not exist`;
  return { kind: 'failed', error: { code: 'entry-missing', message } };
}
