import { join } from 'node:path';
import { EXIT, NightshiftError } from '@nightshift/domain';

/** A file that an installation writes, with absolute path and mode. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Where everything of one installed machine lies. All paths are absolute. */
export interface Place {
  /** The checkout. */
  readonly program: string;
  /** Node's binary. */
  readonly node: string;
  readonly config: string;
  readonly stateDir: string;
  /** Variables of the services, `NAME=value` a line, which only root reads. */
  readonly secretsFile: string;
  readonly user: string;
  readonly group: string;
}

/** The places that the files in `infra/` are written for. */
export function defaultPlace(stateDir = '/var/lib/nightshift'): Place {
  const program = '/opt/nightshift';
  return {
    program,
    node: join(program, 'node_modules/node/bin/node'),
    config: join(program, 'nightshift.config.ts'),
    stateDir,
    secretsFile: '/etc/nightshift/nightshift.env',
    user: 'nightshift',
    group: 'nightshift',
  };
}

// Controls, everything that some reader takes for the end of a line, and what UTF-8 or XML cannot
// say.
// oxlint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]|\p{Surrogate}/u;

/**
 * Refuses what no file of a supervisor can say: a line break would begin a line of its own.
 * @throws NightshiftError `path-unusable` (78)
 */
export function requireWritable(place: Place): void {
  for (const [name, value] of Object.entries(place)) {
    if (!UNWRITABLE.test(value)) continue;
    throw new NightshiftError('path-unusable', `${name} holds a line break or another control`, {
      at: JSON.stringify(value),
      fix: 'move it to a path without such characters',
      exitCode: EXIT.config,
    });
  }
}
