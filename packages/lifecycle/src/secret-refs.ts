import type { SecretRef, Settings } from '@nightshift/domain';

/** Every secret that the settings name. */
export function secretRefs(settings: Settings): readonly SecretRef[] {
  const found: SecretRef[] = [];
  const add = (value: SecretRef | string | null): void => {
    if (value !== null && typeof value !== 'string') found.push(value);
  };
  for (const endpoint of settings.endpoints) add(endpoint.apiKey);
  for (const channel of settings.alerts.channels) {
    if (channel.kind === 'discord') add(channel.webhook);
    else {
      add(channel.topic);
      add(channel.token);
    }
  }
  return found;
}
