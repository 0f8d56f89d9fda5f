import type { Command } from 'commander';
import { type HaltResult, type InFlight, halt } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import type { Printer } from '../printer.ts';
import { span } from '../print/time.ts';

export function define(command: Command, cli: Cli): void {
  command
    .requiredOption('--reason <text>', 'why; everybody who wonders will read it')
    .option('--now', 'do not wait for what is in flight')
    .addHelpText(
      'after',
      examples([
        'halt --reason "the digest talks nonsense"',
        'halt --now --reason "bill looks wrong"',
      ]),
    )
    .action(async (options: { reason: string; now?: true }) => {
      const installation = await cli.installation(command, { quiet: true });
      const { printer } = cli;
      let told = '';
      const result = await halt(installation, {
        reason: options.reason,
        now: options.now === true,
        onWaiting(left, leftMs) {
          const text = flightText(left);
          if (text !== told) printer.note(`waiting up to ${span(leftMs)} for ${text}`);
          told = text;
        },
      });
      const document = { halted: true, ...result };
      cli.answer(document, (printer) => print(printer, result, installation.paths.stopFile));
    });
}

function print(printer: Printer, result: HaltResult, file: string): void {
  printer.line(
    `${printer.paint('bad', 'HALTED')}  no new call; nothing starts until nightshift resume`,
  );
  for (const { what, message } of result.failed) {
    const other = what === 'file' ? 'the halt row holds' : `the file ${file} holds`;
    const name = what === 'file' ? 'the STOP file' : 'the halt row';
    printer.line(
      `${printer.paint('warn', 'note')}    ${name} could not be written (${message}); ${other}`,
    );
  }
  if (result.inFlight === null) {
    printer.line('        what is in flight is not known: the database cannot be read');
  } else if (result.inFlight.jobs.length + result.inFlight.calls > 0) {
    printer.line(`        still in flight: ${flightText(result.inFlight)}`);
  } else {
    printer.line('        nothing is in flight');
  }
}

function flightText({ jobs, calls }: InFlight): string {
  const agents = [...new Set(jobs.map((it) => it.agent))].join(', ');
  const jobText = `${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'} (${agents})`;
  return calls === 0 ? jobText : `${jobText}, ${calls} model ${calls === 1 ? 'call' : 'calls'}`;
}
