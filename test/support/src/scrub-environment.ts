/** Names that must not reach a test: real receivers, real keys, a way out, foreign flags. */
const FORBIDDEN = [
  /^NTFY_/,
  /^DISCORD_/,
  /^NIGHTSHIFT_/,
  /_API_KEY(_FILE)?$/,
  /_TOKEN(_FILE)?$/,
  /_WEBHOOK(_URL)?$/,
  /^CHECK_URL$/,
  /^CREDENTIALS_DIRECTORY$/,
  /^(https?|all|no)_proxy$/i,
  /^NODE_OPTIONS$/,
];

/**
 * Removes those names from `environment`, in place, so that child processes do not inherit them
 * either; a git started by a test ignores the developer's own configuration.
 */
export function scrubEnvironment(environment: Record<string, string | undefined>): void {
  for (const name of Object.keys(environment)) {
    if (FORBIDDEN.some((pattern) => pattern.test(name))) delete environment[name];
  }
  environment['GIT_CONFIG_GLOBAL'] = '/dev/null';
  environment['GIT_CONFIG_NOSYSTEM'] = '1';
}
