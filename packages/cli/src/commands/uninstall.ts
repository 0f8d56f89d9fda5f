import type { Command } from 'commander';
import { uninstall } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['uninstall'])).action(() => {
    const result = uninstall();
    cli.answer(result, (printer) => {
      for (const path of result.removed)
        printer.line(`${printer.paint('good', 'removed')}  ${path}`);
      printer.line(`kept     ${result.kept.join(', ')}`);
    });
  });
}
