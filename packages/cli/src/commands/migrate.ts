import type { Command } from 'commander';
import { migrateDatabases } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command
    .addHelpText('after', examples(['migrate', 'migrate --state-dir /var/lib/nightshift']))
    .action(async () => {
      const installation = await cli.installation(command, { create: true, quiet: true });
      const result = await migrateDatabases(installation);
      cli.answer(result, (printer) => {
        for (const { file, created } of result.databases) {
          printer.line(`${printer.paint('good', created ? 'created' : 'current')}  ${file}`);
        }
      });
    });
}
