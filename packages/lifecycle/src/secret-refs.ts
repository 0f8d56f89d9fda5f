import type { SecretRef, Settings } from '@nightshift/domain';

/** Every secret that the settings name. */
export function secretRefs(settings: Settings): readonly SecretRef[] {
  const found: SecretRef[] = [];
  const add = (value: SecretRef | string | null): void => {
    if (value !== null && typeof value !== 'string') found.push(value);
  };
  for (const endpoint of settings.endpoints) add(endpoint.apiKey);
  for (const action of Object.values(settings.actions)) {
    if (action.kind === 'webhook-post') add(action.url);
  }
  for (const channel of settings.alerts.channels) {
    if (channel.kind === 'discord') add(channel.webhook);
    else if (channel.kind === 'webhook') {
      add(channel.url);
      add(channel.secret);
    } else {
      add(channel.topic);
      add(channel.token);
    }
  }
  add(settings.alerts.deadman);
  return found;
}
