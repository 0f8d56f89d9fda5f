import type { Target } from './target.ts';

/** Everything that reads what others wrote. Loaded one by one: together they are half a product. */
export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
  configuration: async () => (await import('./targets/configuration.ts')).configuration,
  arguments: async () => (await import('./targets/arguments.ts')).commandLines,
  channel: async () => (await import('./targets/channel.ts')).channel,
  wires: async () => (await import('./targets/wires.ts')).wires,
  answers: async () => (await import('./targets/answers.ts')).answers,
  bills: async () => (await import('./targets/bills.ts')).bills,
  feeds: async () => (await import('./targets/feeds.ts')).feeds,
  robots: async () => (await import('./targets/robots.ts')).robots,
  units: async () => (await import('./targets/units.ts')).units,
};
