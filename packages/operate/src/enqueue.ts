import {
  EXIT,
  JOB_INPUT_MAX_BYTES,
  JOB_KEY_MAX_BYTES,
  type Job,
  type Json,
  NightshiftError,
  uuidv7,
} from '@nightshift/domain';
import { requireAgent } from './agents.ts';
import type { Installation } from './installation.ts';

export interface EnqueueRequest {
  readonly agent: string;
  /** Names this piece of work for ever; made up when left out. */
  readonly key?: string | undefined;
  /** Replaces the input of the configuration. */
  readonly input?: Json | undefined;
  /** Epoch ms; not before. */
  readonly at?: number | undefined;
}

export interface EnqueueResult {
  readonly created: boolean;
  /** Null when the key belongs to a job that was pruned since. */
  readonly job: Job | null;
}

/**
 * Puts one job into the queue. A key that was used before makes nothing and gives the job it made.
 *
 * @throws NightshiftError `unknown-agent`, `bad-key`, `bad-input` (all 64).
 */
export async function enqueue(
  installation: Installation,
  request: EnqueueRequest,
): Promise<EnqueueResult> {
  const agent = requireAgent(await installation.settings(), request.agent);
  const key = request.key ?? `${agent.name}:by-hand:${uuidv7(installation.clock)}`;
  const input = request.input === undefined ? agent.input : request.input;
  limit('bad-key', 'the key', key, 1, JOB_KEY_MAX_BYTES);
  limit('bad-input', 'the input', JSON.stringify(input), 1, JOB_INPUT_MAX_BYTES);
  const store = await installation.store();
  return store.jobs.enqueue(
    {
      key,
      agent: agent.name,
      input,
      maxAttempts: agent.attempts,
      ...(request.at === undefined ? {} : { runAfter: request.at }),
    },
    installation.actor,
  );
}

function limit(code: string, what: string, text: string, min: number, max: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes >= min && bytes <= max) return;
  throw new NightshiftError(code, `${what} has ${bytes} bytes; ${min} to ${max} are possible`, {
    exitCode: EXIT.usage,
  });
}
