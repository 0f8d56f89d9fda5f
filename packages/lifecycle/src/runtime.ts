import { fileURLToPath } from 'node:url';
import { EXIT, NightshiftError } from '@nightshift/domain';
import type { Environment } from './environment.ts';

/** The first Node line whose permission model denies the network. */
export const MIN_NODE_MAJOR = 26;

/**
 * Options that hand a process to somebody else: code loaded before ours, an inspector, or a hole in
 * the permission model. They have no business in the environment of a service.
 */
const DANGEROUS_OPTIONS: readonly RegExp[] = [
  /^(?:-r|--require|--import|--loader|--experimental-loader|-e|--eval|--env-file\S*)(?:=|$)/,
  /^(?:--inspect\S*|--debug-port|--allow-\S+)(?:=|$)/,
];

/**
 * Refuses a runtime on which the promises of this project do not hold.
 *
 * One preload may be declared: `NIGHTSHIFT_TEST_CLOCK` names the file of a clock that tests preload
 * to run real processes fast, and `NODE_OPTIONS` may then `--import` exactly that file.
 *
 * @throws NightshiftError `node-too-old` or `node-options-unsafe`, both 78.
 */
export function checkRuntime(environment: Pick<Environment, 'get'>, nodeVersion: string): void {
  if (Number.parseInt(nodeVersion.replace(/^v/, ''), 10) < MIN_NODE_MAJOR) {
    throw new NightshiftError('node-too-old', `this is Node ${nodeVersion}`, {
      fix: `use Node ${MIN_NODE_MAJOR} or newer: older ones let a sandbox reach the network`,
      exitCode: EXIT.config,
    });
  }
  const clock = environment.get('NIGHTSHIFT_TEST_CLOCK');
  const unsafe = unsafeOption(environment.get('NODE_OPTIONS') ?? '', clock);
  if (unsafe === null) return;
  throw new NightshiftError('node-options-unsafe', `NODE_OPTIONS holds ${unsafe}`, {
    at: 'NODE_OPTIONS',
    fix: 'remove it from the environment of this service',
    exitCode: EXIT.config,
  });
}

/** The first option that is not acceptable, or null. */
export function unsafeOption(nodeOptions: string, declaredImport?: string): string | null {
  const words = nodeOptions.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  for (let i = 0; i < words.length; i++) {
    const word = unquote(words[i]!);
    // Node reads underscores in option names as dashes.
    const dashed = word.replace(/^--[^=]*/, (name) => name.replaceAll('_', '-'));
    if (!DANGEROUS_OPTIONS.some((it) => it.test(dashed))) continue;
    if (/^--import(?:=|$)/.test(dashed) && declaredImport !== undefined) {
      const file = dashed.includes('=')
        ? word.slice('--import='.length)
        : unquote(words[++i] ?? '');
      if (samePath(file, declaredImport)) continue;
    }
    return dashed.replace(/=.*$/s, '');
  }
  return null;
}

function unquote(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word;
}

function samePath(a: string, b: string): boolean {
  const path = (it: string): string => (it.startsWith('file:') ? fileURLToPath(it) : it);
  return path(a) === path(b);
}
