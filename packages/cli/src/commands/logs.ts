import { type Command, Option } from 'commander';
import type { LogLevel } from '@nightshift/domain';
import { LEVELS, LOGGING_SERVICES, followLogs, readLogs } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import { logText } from '../print/log-text.ts';

const LINES_DEFAULT = 200;

interface Options {
  readonly follow?: true;
  readonly lines: number;
  readonly job?: string;
  readonly agent?: string;
  readonly level?: LogLevel;
  readonly service?: string;
}

export function define(command: Command, cli: Cli): void {
  command
    .option('-f, --follow', 'go on as lines are written')
    .option('-n, --lines <n>', 'how many of the last lines', count, LINES_DEFAULT)
    .option('--job <id>', 'only lines about this job')
    .option('--agent <name>', 'only lines about this agent')
    .addOption(new Option('--level <level>', 'this level and worse').choices([...LEVELS]))
    .addOption(new Option('--service <name>', 'only this one').choices([...LOGGING_SERVICES]))
    .addHelpText(
      'after',
      `\nWith -f and --json each line is a document of its own.\n${examples(['logs -f', 'logs --level warn --service worker', 'logs --job 0192… --json'])}`,
    )
    .action(async (options: Options) => {
      const { paths } = await cli.installation(command);
      const lines = readLogs(paths.logs, options, options.lines);
      const { printer } = cli;
      if (options.follow !== true) {
        cli.answer({ lines }, () => {
          for (const line of lines) printer.line(logText(line, printer.paint));
        });
        return;
      }
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => stop.abort());
      }
      const print = (line: (typeof lines)[number]): void =>
        cli.answer({ line }, () => printer.line(logText(line, printer.paint)));
      lines.forEach(print);
      for await (const line of followLogs(paths.logs, options, stop.signal)) print(line);
    });
}
