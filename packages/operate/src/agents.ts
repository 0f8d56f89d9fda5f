import { type AgentSettings, EXIT, NightshiftError, type Settings } from '@nightshift/domain';
import { didYouMean } from './did-you-mean.ts';
import type { Installation } from './installation.ts';

/** An agent of the configuration and whether a person has paused it. */
export interface AgentState {
  readonly agent: AgentSettings;
  readonly paused: boolean;
}

/** The agents of the configuration, in its order. */
export async function listAgents(installation: Installation): Promise<readonly AgentState[]> {
  const { agents } = await installation.settings();
  const paused = new Set(await (await installation.store()).control.pausedAgents());
  return agents.map((agent) => ({ agent, paused: paused.has(agent.name) }));
}

/** Takes an agent's jobs off the tickets until {@link resumeAgent}. What runs, runs to its end. */
export async function pauseAgent(installation: Installation, name: string): Promise<void> {
  const agent = requireAgent(await installation.settings(), name);
  await (await installation.store()).control.pauseAgent(agent.name, installation.actor);
}

/** Ends a pause. */
export async function resumeAgent(installation: Installation, name: string): Promise<void> {
  const agent = requireAgent(await installation.settings(), name);
  await (await installation.store()).control.resumeAgent(agent.name, installation.actor);
}

/**
 * The agent of that name.
 * @throws NightshiftError `unknown-agent` (64) with the nearest name.
 */
export function requireAgent(settings: Settings, name: string): AgentSettings {
  const agent = settings.agents.find((it) => it.name === name);
  if (agent !== undefined) return agent;
  const names = settings.agents.map((it) => it.name);
  const near = didYouMean(name, names);
  throw new NightshiftError('unknown-agent', `there is no agent ${JSON.stringify(name)}`, {
    at: settings.file ?? 'the built-in configuration',
    fix: near === null ? `the agents are: ${names.join(', ') || 'none'}` : `did you mean ${near}?`,
    exitCode: EXIT.usage,
  });
}
