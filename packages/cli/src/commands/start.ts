import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

/** This checkout: what the digest reads unless `--path` says otherwise. */
const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');

export function define(command: Command, cli: Cli): void {
  command
    .option('--path <dir>', 'read the history of this repository', undefined)
    .option('--stay', 'keep the three services running, on the ordinary state folder')
    .addHelpText('after', examples(['start', 'start --path ~/code/project', 'start --stay']))
    .action(async (options: { path?: string; stay?: true }) => {
      if (options.stay === true) {
        const { stayUp } = await import('../stay-up.ts');
        await stayUp(cli, await cli.installation(command, { create: true }));
        return;
      }
      const { firstLook } = await import('../first-look/first-look.ts');
      await firstLook(cli, { path: options.path ?? CHECKOUT, cwd: process.cwd() });
    });
}
