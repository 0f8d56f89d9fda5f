import { relative } from 'node:path';
import {
  type ActionSettings,
  type AgentSettings,
  type BudgetScope,
  type Settings,
  type WindowKind,
  agentScope,
  formatUsd,
} from '@nightshift/domain';

/**
 * The worst one agent could do, in one paragraph: what it reads, what it reaches, what it may spend
 * at most, what it may draft, and what it can never do. Made of the settings alone, so that it says
 * what the gates will say.
 */
export function blastRadius(settings: Settings, agent: AgentSettings): string {
  return [
    reads(settings, agent),
    reaches(agent),
    spends(settings, agent),
    drafts(settings, agent),
    never(agent),
  ].join(' ');
}

function reads({ dir }: Settings, { name, allow }: AgentSettings): string {
  const near = (path: string): string => relative(dir, path) || '.';
  const files = allow.read.map(near);
  const histories = allow.git.map((path) => `the history of ${near(path)}`);
  const all = [...files, ...histories];
  return all.length === 0
    ? `${name} reads no files but its own code.`
    : `${name} reads ${list(all)}, and its own code.`;
}

function reaches({ allow }: AgentSettings): string {
  if (allow.hosts.length === 0) return 'It reaches no host.';
  return `It reaches ${list(allow.hosts)} with ${list(allow.methods)}.`;
}

const WORDS: Readonly<Record<WindowKind, string>> = {
  call: 'a call',
  job: 'a job',
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
};

/** The smaller of an agent's own cap and everybody's is what counts. */
function spends(settings: Settings, agent: AgentSettings): string {
  const models = paidModels(settings, agent);
  if (models.length === 0) return 'It may spend nothing: no model it may use costs money.';
  const caps = (Object.keys(WORDS) as WindowKind[]).flatMap((window) => {
    const cap = smallestCap(settings, agent, window);
    return cap === null ? [] : [`${formatUsd(cap)} ${WORDS[window]}`];
  });
  return `It may spend at most ${list(caps)}, on ${list(models)}.`;
}

/** Wire names of the models it may use that are not free. */
function paidModels(settings: Settings, { allow }: AgentSettings): readonly string[] {
  const models = allow.models.flatMap((alias) => {
    const model = settings.models[alias];
    if (model === undefined || model.kind === 'extractive') return [];
    const endpoint = settings.endpoints.find(({ name }) => name === model.endpoint);
    const free = endpoint?.models[model.model]?.kind === 'free';
    return free ? [] : [`${model.model} at ${model.endpoint}`];
  });
  return [...new Set(models)];
}

function smallestCap(settings: Settings, agent: AgentSettings, window: WindowKind): number | null {
  const of = (scope: BudgetScope): number | undefined =>
    settings.budgets.find((it) => it.scope === scope && it.window === window)?.capNusd;
  // Nobody's day is uncapped: what is left out is $0.
  const global = of('global') ?? (window === 'day' ? 0 : undefined);
  const caps = [global, of(agentScope(agent.name))].filter((cap) => cap !== undefined);
  return caps.length === 0 ? null : Math.min(...caps);
}

function drafts(settings: Settings, { allow }: AgentSettings): string {
  if (allow.actions.length === 0) return 'It may draft no action.';
  const actions = allow.actions.map((name) => `${name} (${effect(settings.actions[name])})`);
  return `It may draft ${list(actions)}, and a person decides on each.`;
}

function effect(action: ActionSettings | undefined): string {
  if (action === undefined) return 'not configured';
  if (action.kind === 'append-file') return `append to ${action.path}`;
  const { url } = action;
  return `POST to ${typeof url === 'string' ? (URL.parse(url)?.host ?? url) : `the URL in ${url.env}`}`;
}

function never({ allow }: AgentSettings): string {
  const writes = allow.methods.some((method) => method !== 'GET' && method !== 'HEAD');
  const act = writes ? 'act elsewhere than on those hosts' : 'act on anything by itself';
  return (
    `It can never ${act}, reach another host, write a file outside its scratch folder, start a ` +
    'process, or see a key, the database or another agent’s files.'
  );
}

function list(items: readonly string[]): string {
  if (items.length <= 1) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
