import { Command, CommanderError } from 'commander';
import { EXIT, NightshiftError } from '@nightshift/domain';
import { CATALOG } from './catalog.ts';
import { createCli } from './cli.ts';
import { createPrinter, processStreams, type Streams } from './printer.ts';

/** Global options that take a value: what follows them is no command. */
const WITH_VALUE: ReadonlySet<string> = new Set(['--config', '--state-dir']);

/** What a command line runs with, where it is not this process's own. */
export interface Surroundings {
  readonly streams?: Streams;
  /** Gets the program with its chosen command before a word is read. */
  readonly prepare?: (program: Command) => void;
}

/**
 * Runs one command line. Only the chosen command's file is loaded, so `--help` and a mistyped name
 * cost nothing but commander.
 *
 * @param argv without the program's own two entries.
 * @returns the exit code; nothing is thrown.
 */
export async function runCommandLine(
  argv: readonly string[],
  { streams = processStreams(), prepare }: Surroundings = {},
): Promise<number> {
  const json = argv.includes('--json');
  const printer = createPrinter(streams, json);
  const cli = createCli(printer, argv.includes('--verbose'));
  try {
    const program = await buildProgram(argv, cli);
    prepare?.(program);
    await program.parseAsync([...argv], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const shown = error instanceof CommanderError ? usageError(error) : error;
    printer.error(shown, cli.verbose);
    return shown instanceof NightshiftError ? shown.exitCode : EXIT.failed;
  } finally {
    await cli.close();
  }
}

async function buildProgram(argv: readonly string[], cli: ReturnType<typeof createCli>) {
  const program = new Command('nightshift');
  settle(program, cli);
  program
    .description('Runs LLM agents unattended, behind a spend cap, a breaker and a kill switch.')
    .option('--config <file>', 'the configuration (default: nightshift.config.ts in this folder)')
    .option(
      '--state-dir <dir>',
      'the state folder (default: what was installed, or .nightshift beside the configuration)',
    )
    .option('--json', 'one JSON document with schema 1 on stdout')
    .option('--verbose', 'logs and stack traces on stderr')
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed, 64 usage, 69 refused by a gate, 75 try again, 78 configuration.',
    );
  const chosen = chosenCommand(argv);
  for (const entry of CATALOG) {
    const command = program.command(entry.name, { hidden: entry.hidden ?? false });
    command.description(entry.summary);
    if (entry.name === chosen) (await entry.load()).define(command, cli);
    else command.allowUnknownOption().allowExcessArguments();
    settleAll(command, cli);
  }
  return program;
}

/** The first word that is no option: `nightshift --config x status` chooses `status`. */
function chosenCommand(argv: readonly string[]): string | undefined {
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (WITH_VALUE.has(word)) i++;
    else if (!word.startsWith('-')) words.push(word);
  }
  return words[0] === 'help' ? words[1] : words[0];
}

/** Same behaviour for a command and what is below it: errors are ours to print. */
function settleAll(command: Command, cli: ReturnType<typeof createCli>): void {
  settle(command, cli);
  for (const below of command.commands) settleAll(below, cli);
}

function settle(command: Command, cli: ReturnType<typeof createCli>): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => cli.printer.line(text.replace(/\n$/, '')),
      writeErr: () => undefined,
    });
}

function usageError(error: CommanderError): NightshiftError {
  if (error.code === 'commander.help') {
    return new NightshiftError('usage', 'a command is missing', {
      fix: 'nightshift --help lists them',
      exitCode: EXIT.usage,
    });
  }
  const [what = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  return new NightshiftError('usage', what, {
    fix: suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'nightshift --help lists what there is',
    exitCode: EXIT.usage,
  });
}
