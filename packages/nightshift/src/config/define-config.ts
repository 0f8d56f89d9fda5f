import type { ConfigInput, EnvRef } from './settings-input.ts';

/** Names the type of a configuration for the editor; returns it as it is. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/**
 * A secret by name: the variable `X`, the file that `X_FILE` names, or a credential of the
 * supervisor called `X`. Nothing is read here.
 */
export function env(name: string): EnvRef {
  return { kind: 'env', env: name };
}
