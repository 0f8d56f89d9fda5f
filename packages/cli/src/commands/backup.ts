import type { Command } from 'commander';
import { backup, type BackupResult } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import type { Printer } from '../printer.ts';

export function define(command: Command, cli: Cli): void {
  command
    .argument('[file]', 'where to (default: by the time, in backups of the state folder)')
    .option('--keep <n>', 'keep only this many of the backups with default names', count)
    .addHelpText('after', examples(['backup', 'backup /mnt/usb/night.tar.gz', 'backup --keep 14']))
    .action(async (file: string | undefined, options: { keep?: number }) => {
      const installation = await cli.installation(command);
      const cwd = process.cwd();
      const result = await backup(installation, { file, keep: options.keep, cwd });
      cli.answer(result, (printer) => say(printer, result));
    });
}

function say(printer: Printer, { file, bytes, manifest, removed }: BackupResult): void {
  printer.line(`${printer.paint('good', 'saved')}  ${file}  (${bytes} bytes)`);
  for (const { file: name, schema, rows } of manifest.databases) {
    const sum = Object.values(rows).reduce((a, b) => a + b, 0);
    printer.line(`       ${name}: schema ${schema}, ${sum} rows, read back whole`);
  }
  const config = manifest.config?.file ?? 'no configuration';
  printer.line(`       ${config}; secrets, logs and written reports are not in it`);
  if (removed.length > 0) printer.line(`       ${removed.length} older ones were deleted`);
}
