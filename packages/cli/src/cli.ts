import type { Command } from 'commander';
import type { ExitCode } from '@nightshift/domain';
import type { Installation } from '@nightshift/operate';
import type { Printer } from './printer.ts';

/** What every command has in common, for one command line. */
export interface Cli {
  readonly printer: Printer;
  readonly verbose: boolean;
  /** What the process will exit with; 0 unless a command says otherwise. */
  exitCode: ExitCode;
  /**
   * The installation this command line is about. Says on stderr when it is halted.
   * @throws NightshiftError where there is none and `create` is not set.
   */
  installation(command: Command, options?: InstallationOptions): Promise<Installation>;
  /** Prints the answer: the document with `--json`, else what `render` prints. */
  answer(document: object, render: (printer: Printer) => void): void;
  close(): Promise<void>;
}

export interface InstallationOptions {
  /** Only `up`, `run`, `migrate` and `start` may create a state folder. */
  readonly create?: boolean;
  /** `halt` and `resume` speak of it themselves. */
  readonly quiet?: boolean;
}

interface GlobalOptions {
  readonly config?: string;
  readonly stateDir?: string;
}

/** Everything below operate is loaded by the first command that needs an installation. */
export function createCli(printer: Printer, verbose: boolean): Cli {
  const opened: Installation[] = [];
  return {
    printer,
    verbose,
    exitCode: 0,
    async installation(command, options = {}) {
      const { openInstallation } = await import('@nightshift/operate');
      const { config, stateDir } = command.optsWithGlobals<GlobalOptions>();
      const installation = openInstallation({
        config,
        stateDir,
        cwd: process.cwd(),
        create: options.create ?? false,
      });
      opened.push(installation);
      if (options.quiet !== true) await sayHalted(printer, installation);
      return installation;
    },
    answer(document, render) {
      if (printer.json) printer.document(document);
      else render(printer);
    },
    async close() {
      for (const installation of opened.splice(0)) await installation.close();
    },
  };
}

/** Nobody should wonder why nothing moves: the first line of every command says it. */
async function sayHalted(printer: Printer, installation: Installation): Promise<void> {
  const { haltedLine } = await import('./print/halted.ts');
  const line = await haltedLine(installation, printer.paintNote);
  if (line !== null) printer.note(line);
}
