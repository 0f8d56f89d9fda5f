import type { Command } from 'commander';
import type { Json } from '@nightshift/domain';
import { enqueue } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples, json, moment } from '../options.ts';
import { jobDocument } from '../print/job-text.ts';

interface Options {
  readonly key?: string;
  readonly input?: Json;
  readonly at?: number;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<agent>', 'its name in the configuration')
    .option('--key <key>', 'names this work for ever: a second use makes nothing')
    .option('--input <json>', 'instead of the input of the configuration', json)
    .option('--at <time>', 'not before this time', moment)
    .addHelpText(
      'after',
      examples([
        'enqueue digest',
        `enqueue digest --key release-1.4 --input '{"repos":["."]}'`,
        'enqueue digest --at 2026-12-01T06:00:00Z',
      ]),
    )
    .action(async (agent: string, options: Options) => {
      const installation = await cli.installation(command);
      const { created, job } = await enqueue(installation, { agent, ...options });
      const document = { created, job: job === null ? null : jobDocument(job) };
      cli.answer(document, (printer) => {
        if (created) printer.line(`${printer.paint('good', 'queued')}  ${job?.id}`);
        else printer.line(`this key was used before: ${job?.id ?? 'its job was pruned'}`);
      });
    });
}
