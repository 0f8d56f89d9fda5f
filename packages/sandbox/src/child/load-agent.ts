import { pathToFileURL } from 'node:url';
import type { AgentDefinition } from 'nightshift';
import { AgentError } from 'nightshift/runtime';

/**
 * The agent in an entry file.
 *
 * @throws AgentError `entry-missing`, `entry-denied` (it imports what it may not read),
 *   `entry-failed` (it threw while loading), `entry-no-default`, `entry-not-agent`
 */
export async function loadAgent(entry: string): Promise<AgentDefinition<unknown>> {
  const module = await importEntry(entry);
  if (!('default' in module)) {
    throw new AgentError(
      'entry-no-default',
      `${entry} has no default export; write: export default defineAgent(...)`,
    );
  }
  if (!isAgent(module['default'])) {
    throw new AgentError(
      'entry-not-agent',
      `the default export of ${entry} is not an agent; write: export default defineAgent(...)`,
    );
  }
  return module['default'];
}

async function importEntry(entry: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(entry).href;
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw loadError(entry, url, error);
  }
}

function loadError(entry: string, url: string, thrown: unknown): AgentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const facts = error as { code?: unknown; url?: unknown; resource?: string };
  if (facts.code === 'ERR_MODULE_NOT_FOUND' && facts.url === url) {
    return new AgentError('entry-missing', `the entry file ${entry} does not exist`, error);
  }
  if (facts.code === 'ERR_ACCESS_DENIED') {
    const what = `${entry} loads ${facts.resource ?? 'a file'}, which it may not read`;
    return new AgentError('entry-denied', what, error);
  }
  return new AgentError('entry-failed', `${entry} failed while loading: ${error.message}`, error);
}

function isAgent(value: unknown): value is AgentDefinition<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const agent = value as Partial<AgentDefinition<unknown>>;
  return agent.kind === 'nightshift-agent' && typeof agent.run === 'function';
}

/** The job's input as the agent's schema sees it. @throws AgentError `input-invalid` */
export function parseInput(agent: AgentDefinition<unknown>, input: unknown): unknown {
  if (agent.input === null || agent.input === undefined) return input;
  try {
    return agent.input.parse(input);
  } catch (error) {
    throw new AgentError('input-invalid', `the agent rejected its input: ${words(error)}`, error);
  }
}

/** zod's message is a JSON dump of its issues; a person wants `path: message`. */
function words(thrown: unknown): string {
  const issues = (thrown as { issues?: unknown }).issues;
  if (!Array.isArray(issues)) return thrown instanceof Error ? thrown.message : String(thrown);
  return (issues as { path?: unknown[]; message?: unknown }[])
    .slice(0, 10)
    .map((it) => `${it.path?.join('.') || 'input'}: ${String(it.message)}`)
    .join('; ');
}
