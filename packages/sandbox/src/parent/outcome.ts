import type { ChildOutcome, Refusal } from '@nightshift/domain';
import { sanitiseLine } from '@nightshift/domain';
import type { Finish } from '../channel/protocol.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a child said of its end, with the refusal that the worker knows of. */
export function finishOutcome(finish: Finish, refusal: Refusal | undefined): ChildOutcome {
  if (finish.kind !== 'failed') return finish;
  const { code, message, retryAfterMs } = finish;
  return {
    kind: 'failed',
    error: { code, message },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** A child that died without a word, from its exit and the end of its stderr. */
export function crashOutcome(exit: Exit, stderr: string, memoryMb: number): ChildOutcome {
  if (/heap out of memory|allocation failed/i.test(stderr)) {
    const message = `the agent used more than its ${memoryMb} MiB`;
    return { kind: 'crashed', error: { code: 'out-of-memory', message } };
  }
  if (exit.signal !== null) {
    const why = exit.signal === 'SIGKILL' ? ', as the kernel does when memory runs out' : '';
    const message = `the agent's process was ended by ${exit.signal}${why}`;
    return { kind: 'crashed', error: { code: 'killed', message } };
  }
  const message = `the agent's process ended with code ${exit.code} before the agent did`;
  return { kind: 'crashed', error: { code: 'exited', message: message + lastLine(stderr) } };
}

function lastLine(stderr: string): string {
  const line = stderr.split('\n').findLast((it) => /\bError\b|error:/i.test(it));
  return line === undefined ? '' : `: ${sanitiseLine(line, 500)}`;
}
