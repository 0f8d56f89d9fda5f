import type { Command } from 'commander';
import { resume } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['resume'])).action(async () => {
    const installation = await cli.installation(command, { quiet: true });
    const { before } = await resume(installation);
    cli.answer({ halted: false, before }, (printer) => {
      const text = before.halted ? 'resumed: work goes on within a second' : 'it was not halted';
      printer.line(`${printer.paint('good', 'ok')}  ${text}`);
    });
  });
}
