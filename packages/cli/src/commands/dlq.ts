import type { Command } from 'commander';
import { EXIT, NightshiftError } from '@nightshift/domain';
import { listDeadLetters, redrive, redriveAll, showJob } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';
import { printJob } from '../print/job-page.ts';
import { attemptDocument, callDocument, jobDocument } from '../print/job-text.ts';
import { printJobs } from '../print/job-table.ts';

/** Dead letters redriven by one `--all` at most: more is a decision to be taken twice. */
const REDRIVE_MAX = 1_000;

export function define(command: Command, cli: Cli): void {
  command.addHelpText(
    'after',
    examples([
      'dlq list',
      'dlq show 0192…',
      'dlq redrive 0192…',
      'dlq redrive --all --agent digest',
    ]),
  );
  defineList(command, cli);
  defineShow(command, cli);
  defineRedrive(command, cli);
}

function defineList(command: Command, cli: Cli): void {
  const list = command
    .command('list', { isDefault: true })
    .description('dead jobs, newest first')
    .option('--agent <name>', 'only jobs of this agent')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['dlq list', 'dlq list --agent digest --json']))
    .action(async (options: { agent?: string; limit: number }) => {
      const installation = await cli.installation(list);
      const jobs = await listDeadLetters(installation, options);
      cli.answer({ deadLetters: jobs.map(jobDocument) }, (printer) => {
        if (jobs.length === 0 && printer.person) printer.line('no dead letters');
        else printJobs(printer, jobs, installation.clock.now());
      });
    });
}

function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('one dead job with its attempts and calls')
    .argument('<id>')
    .addHelpText('after', examples(['dlq show 0192…']))
    .action(async (id: string) => {
      const installation = await cli.installation(show);
      const detail = await showJob(installation, id);
      const document = {
        job: jobDocument(detail.job),
        attempts: detail.attempts.map(attemptDocument),
        calls: detail.calls.map(callDocument),
      };
      cli.answer(document, (printer) => printJob(printer, detail, installation.clock.now()));
    });
}

function defineRedrive(command: Command, cli: Cli): void {
  const again = command
    .command('redrive')
    .description('back into the queue with fresh attempts; completed steps stay')
    .argument('[id]')
    .option('--all', 'every dead letter')
    .option('--agent <name>', 'with --all: only of this agent')
    .addHelpText('after', examples(['dlq redrive 0192…', 'dlq redrive --all --agent digest']))
    .action(async (id: string | undefined, options: { all?: true; agent?: string }) => {
      if ((id === undefined) === (options.all === undefined)) throw oneOf();
      const installation = await cli.installation(again);
      const { agent } = options;
      let redriven = 1;
      if (id === undefined) {
        const filter = { limit: REDRIVE_MAX, ...(agent === undefined ? {} : { agent }) };
        redriven = await redriveAll(installation, filter);
      } else {
        await redrive(installation, id);
      }
      cli.answer({ redriven }, (printer) => printer.line(`${redriven} queued again`));
    });
}

function oneOf(): NightshiftError {
  return new NightshiftError('usage', 'name one dead letter, or say --all', {
    fix: 'nightshift dlq list shows the ids',
    exitCode: EXIT.usage,
  });
}
