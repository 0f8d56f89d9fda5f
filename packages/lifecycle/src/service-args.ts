import { parseArgs } from 'node:util';
import { EXIT, NightshiftError } from '@nightshift/domain';

/** What a service is started with: `main.ts --config F --state-dir D`, and what else it knows. */
export interface ServiceArgs {
  readonly config: string | undefined;
  readonly stateDir: string | undefined;
  /** Copies the log to stderr. */
  readonly verbose: boolean;
  /** Worker only: run this job, then end. */
  readonly only: string | undefined;
  /** Watchdog only: one pass, then end. */
  readonly once?: boolean;
  /** Drains when its standard input is closed: its supervisor is gone. */
  readonly lifeline?: boolean;
}

/**
 * Arguments of a service, without the first two of `process.argv`.
 * @throws NightshiftError `bad-arguments` (78) for an unknown or incomplete option.
 */
export function parseServiceArgs(argv: readonly string[]): ServiceArgs {
  try {
    const { values } = parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        config: { type: 'string' },
        'state-dir': { type: 'string' },
        verbose: { type: 'boolean', default: false },
        only: { type: 'string' },
        once: { type: 'boolean', default: false },
        lifeline: { type: 'boolean', default: false },
      },
    });
    return {
      config: values.config,
      stateDir: values['state-dir'],
      verbose: values.verbose,
      only: values.only,
      once: values.once,
      lifeline: values.lifeline,
    };
  } catch (cause) {
    // Services exit 0, 1, 75 or 78; a wrong command line is part of the configuration of the unit.
    throw new NightshiftError('bad-arguments', (cause as Error).message, {
      at: 'arguments of the service',
      fix: 'use --config FILE --state-dir DIR [--verbose] [--only JOB] [--once] [--lifeline]',
      exitCode: EXIT.config,
      cause,
    });
  }
}
