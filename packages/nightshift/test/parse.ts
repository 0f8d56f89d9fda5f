import { NightshiftError, type Settings } from '@nightshift/domain';
import { parseConfig, type ParseOptions } from '../src/config/index.ts';

const FROM: ParseOptions = {
  file: '/srv/night/nightshift.config.ts',
  dir: '/srv/night',
  version: 7,
};

/** Parses a configuration that lies in /srv/night. */
export function parse(config: unknown, options: Partial<ParseOptions> = {}): Settings {
  return parseConfig(config, { ...FROM, ...options });
}

/** Every mistake of a configuration, one a line; none when it is right. */
export function mistakesOf(config: unknown, options: Partial<ParseOptions> = {}): string[] {
  try {
    parse(config, options);
    return [];
  } catch (error) {
    if (!(error instanceof NightshiftError) || error.code !== 'config-invalid') throw error;
    return error.message.split('\n  ').slice(1);
  }
}
