import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { stayUp } from '../stay-up.ts';

export function define(command: Command, cli: Cli): void {
  command
    .addHelpText('after', examples(['up', 'up --verbose', 'up --state-dir ./state']))
    .action(async () => {
      const installation = await cli.installation(command, { create: true });
      await stayUp(cli, installation);
    });
}
