import type { Facts, Finding, Instance, ServiceName, Settings } from '@nightshift/domain';
import { isMissing, type Observation } from '../observation.ts';
import type { Rule } from '../rule.ts';

/** A boot may take this many times as long as a beat may be late: migrations, the probe child. */
export const BOOT_FACTOR = 3;

/**
 * A service whose main loop was seen not to go round, that never came, or did not come back. A
 * bounded run that is under way is watched like a worker; nobody misses one that is not.
 */
export const serviceSilent: Rule = {
  id: 'service-silent',
  severity: 'page',
  doc: 'A service shows no sign of life, or is not there at all.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate: (facts, settings, { observation }) =>
    watchedServices(facts, observation).flatMap((name) => {
      const detail = isMissing(facts, name)
        ? missing(facts, name, settings, observation)
        : silent(facts, name, settings, observation);
      return detail === null ? [] : [finding(name, detail)];
    }),
  // Well is who was seen to beat, not who has not been silent for long yet.
  unsure: (facts, _settings, { observation }) =>
    watchedServices(facts, observation)
      .filter((name) => isMissing(facts, name) || (observation.services[name]?.beats ?? 0) === 0)
      .map((name) => `${serviceSilent.id}:${name}`),
};

function watchedServices(facts: Facts, { expected }: Observation): readonly ServiceName[] {
  return isMissing(facts, 'run') ? expected : [...expected, 'run'];
}

function finding(name: ServiceName, detail: string): Finding {
  return {
    rule: serviceSilent.id,
    key: `${serviceSilent.id}:${name}`,
    severity: serviceSilent.severity,
    title: `The ${name} is silent`,
    detail,
  };
}

function missing(
  facts: Facts,
  name: ServiceName,
  { times }: Settings,
  observation: Observation,
): string | null {
  const missingMs = observation.missingMs[name] ?? 0;
  const life = facts.instances.find((it) => it.service === name);
  // A restart takes a moment; a first start behind the watchdog's own takes a boot.
  const limit = life === undefined ? BOOT_FACTOR * times.silentMs : times.recoverMs;
  if (missingMs < limit) return null;
  const what = life === undefined ? 'No instance was ever seen' : `It stopped (${describe(life)})`;
  return `${what}, and none came within ${seconds(missingMs)}.`;
}

function silent(
  facts: Facts,
  name: ServiceName,
  { times }: Settings,
  observation: Observation,
): string | null {
  const seen = observation.services[name];
  const life = facts.instances.find((it) => it.service === name);
  if (seen === undefined || life === undefined || seen.instance !== life.id) return null;
  const limit = life.phase === 'starting' ? BOOT_FACTOR * times.silentMs : times.silentMs;
  if (seen.silentMs < limit) return null;
  return `Its main loop has not gone round for ${seconds(seen.silentMs)} (${describe(life)}).`;
}

function describe(life: Instance): string {
  return `pid ${life.pid}, phase ${life.phase}, instance ${life.id}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
