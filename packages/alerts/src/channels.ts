import type { ChannelSettings, Clock, SecretRef } from '@nightshift/domain';
import type { Channel } from './channel.ts';
import { discordChannel } from './channels/discord.ts';
import { ntfyChannel } from './channels/ntfy.ts';
import { webhookChannel } from './channels/webhook.ts';
import { post as realPost, type Post } from './post.ts';

/** Looks a secret up by its name. @throws NightshiftError when there is none. */
export type SecretReader = (ref: SecretRef) => string;

/**
 * The channel that the configuration describes.
 * @throws NightshiftError `channel-invalid`, or what `secret` throws. Never holds a secret.
 */
export function openChannel(
  settings: ChannelSettings,
  secret: SecretReader,
  clock: Clock,
  post: Post = realPost,
): Channel {
  const value = (ref: SecretRef | string): string => (typeof ref === 'string' ? ref : secret(ref));
  const { name } = settings;
  if (settings.kind === 'discord') {
    return discordChannel({ name, webhook: value(settings.webhook) }, post, clock);
  }
  if (settings.kind === 'webhook') {
    const signing = settings.secret === null ? null : value(settings.secret);
    return webhookChannel({ name, url: value(settings.url), secret: signing }, post, clock);
  }
  const token = settings.token === null ? null : value(settings.token);
  const { server } = settings;
  return ntfyChannel({ name, server, topic: value(settings.topic), token }, post, clock);
}
