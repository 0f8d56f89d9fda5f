import type { AgentModel } from 'nightshift';
import type { ChildModel } from '../channel/protocol.ts';
import { AgentError } from './errors.ts';

/** @throws AgentError `model-unknown` when the agent may not use `alias`. */
export function makeModel(
  alias: string,
  models: Readonly<Record<string, ChildModel>>,
  _fetch: typeof globalThis.fetch,
): AgentModel {
  throw new AgentError(
    'model-unknown',
    `no model "${alias}"; allowed: ${Object.keys(models).join(', ')}`,
  );
}
