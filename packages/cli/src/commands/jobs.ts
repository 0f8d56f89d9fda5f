import { type Command, Option } from 'commander';
import type { JobState } from '@nightshift/domain';
import { cancelJob, listJobs, showJob } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';
import { printJob } from '../print/job-page.ts';
import { attemptDocument, callDocument, jobDocument } from '../print/job-text.ts';
import { printJobs } from '../print/job-table.ts';

interface ListOptions {
  readonly state?: JobState;
  readonly agent?: string;
  readonly limit: number;
}

export function define(command: Command, cli: Cli): void {
  command.addHelpText(
    'after',
    examples(['jobs list --state dead', 'jobs show 0192…', 'jobs cancel 0192…']),
  );
  const list = command
    .command('list', { isDefault: true })
    .description('newest first')
    .addOption(
      new Option('--state <state>', 'only these').choices([
        'queued',
        'running',
        'done',
        'dead',
        'cancelled',
      ]),
    )
    .option('--agent <name>', 'only jobs of this agent')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['jobs list', 'jobs list --agent digest --limit 5 --json']))
    .action(async (options: ListOptions) => {
      const installation = await cli.installation(list);
      const { state, agent, limit } = options;
      const filter = {
        limit,
        ...(state === undefined ? {} : { state }),
        ...(agent === undefined ? {} : { agent }),
      };
      const jobs = await listJobs(installation, filter);
      cli.answer({ jobs: jobs.map(jobDocument) }, (printer) => {
        printJobs(printer, jobs, installation.clock.now());
      });
    });
  defineShow(command, cli);
  defineCancel(command, cli);
}

function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('one job with its attempts and calls')
    .argument('<id>')
    .addHelpText('after', examples(['jobs show 0192…', 'jobs show 0192… --json']))
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

function defineCancel(command: Command, cli: Cli): void {
  const cancel = command
    .command('cancel')
    .description('cancel a queued job; ask the worker to end a running one')
    .argument('<id>')
    .addHelpText('after', examples(['jobs cancel 0192…']))
    .action(async (id: string) => {
      const installation = await cli.installation(cancel);
      const outcome = await cancelJob(installation, id);
      cli.answer({ job: id, outcome }, (printer) => {
        printer.line(
          outcome === 'cancelled' ? `cancelled  ${id}` : `asked the worker to end  ${id}`,
        );
      });
    });
}
