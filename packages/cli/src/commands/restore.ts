import type { Command } from 'commander';
import { formatUsd } from '@nightshift/domain';
import { restore, type RestoreResult } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import type { Printer } from '../printer.ts';

export function define(command: Command, cli: Cli): void {
  command
    .argument('<file>', 'what `nightshift backup` wrote')
    .addHelpText(
      'after',
      examples(['restore night.tar.gz', 'restore night.tar.gz --state-dir /var/lib/nightshift']),
    )
    .action(async (file: string) => {
      const installation = await cli.installation(command, { create: true, quiet: true });
      const result = await restore(installation, { file, cwd: process.cwd() });
      cli.answer(result, (printer) => say(printer, result));
    });
}

function say(printer: Printer, { manifest, reconciled, aside }: RestoreResult): void {
  const { jobs, drafts, slots, charges } = reconciled;
  const at = new Date(manifest.madeAt).toISOString();
  printer.line(`${printer.paint('good', 'restored')}  as of ${at}`);
  printer.line(`  ${jobs} unfinished jobs are dead letters now: nightshift dlq list`);
  printer.line(`  ${drafts} open drafts are closed, ${slots} slots since then are skipped`);
  for (const { scope, window, key, nusd } of charges) {
    const what = `${scope.replace(':', ' ')} ${window} ${key}`;
    printer.line(`  ${what}: ${formatUsd(nusd)} counts as spent since then`);
  }
  if (aside !== null) printer.line(`  what was there is in ${aside}`);
  if (manifest.config !== null) {
    printer.line(`  the configuration was left as it is; ${manifest.config.file} is in the backup`);
  }
}
