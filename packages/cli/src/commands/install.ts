import { type Command, Option } from 'commander';
import { EXIT, NightshiftError } from '@nightshift/domain';
import { install, planInstall, type InstallResult, type SupervisorKind } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import type { Printer } from '../printer.ts';

interface Options {
  readonly systemd?: true;
  readonly launchd?: true;
  readonly cron?: true;
  readonly print?: true;
  readonly user?: string;
  readonly withoutAlerts?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .addOption(new Option('--systemd', 'three services of Linux').conflicts(['launchd', 'cron']))
    .addOption(new Option('--launchd', 'three daemons of macOS').conflicts(['systemd', 'cron']))
    .addOption(new Option('--cron', 'no services: cron starts each run'))
    .option('--print', 'show the files and commands, and change nothing')
    .option('--user <name>', 'whose processes they are (default: nightshift)')
    .option('--without-alerts', 'do not ask for a receipt of a test message')
    .addHelpText(
      'after',
      examples([
        'install --systemd --print',
        'install --systemd --config /opt/nightshift/nightshift.config.ts',
        'install --cron --without-alerts',
      ]),
    )
    .action(async (options: Options) => {
      const { config, stateDir } = command.optsWithGlobals<{
        config?: string;
        stateDir?: string;
      }>();
      const { user, withoutAlerts = false } = options;
      const base = { kind: kindOf(options), config, stateDir, user, withoutAlerts };
      const request = { ...base, cwd: process.cwd() };
      if (options.print === true) {
        const plan = await planInstall(request);
        cli.answer({ plan }, (printer) => show(printer, plan));
        return;
      }
      const onStep = (what: string): void => cli.printer.note(what);
      const result = await install({ ...request, onStep });
      cli.answer(result, (printer) => say(printer, result));
    });
}

function kindOf({ systemd, launchd, cron }: Options): SupervisorKind {
  if (systemd === true) return 'systemd';
  if (launchd === true) return 'launchd';
  if (cron === true) return 'cron';
  throw new NightshiftError('usage', 'say for what: --systemd, --launchd or --cron', {
    fix: 'nightshift install --help',
    exitCode: EXIT.usage,
  });
}

function show(printer: Printer, { files, start }: InstallResult['plan']): void {
  for (const { path, text } of files) {
    printer.line(printer.paint('strong', `# ${path}`));
    printer.line(text);
  }
  for (const words of start) printer.line(`$ ${words.join(' ')}`);
}

function say(printer: Printer, { written, receipts, warnings, plan }: InstallResult): void {
  for (const path of written) printer.line(`${printer.paint('good', 'wrote')}  ${path}`);
  for (const { channel, receipt } of receipts) {
    printer.line(`${printer.paint('good', 'heard')}  ${channel}: ${receipt ?? 'accepted'}`);
  }
  for (const it of warnings) printer.line(`${printer.paint('warn', 'note')}   ${it}`);
  const what = plan.kind === 'cron' ? 'cron starts what is due' : 'three services run and beat';
  printer.line(`${printer.paint('good', 'done')}   ${what}: nightshift status`);
}
