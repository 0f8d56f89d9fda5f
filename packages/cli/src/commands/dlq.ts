import type { Command } from 'commander';
import { EXIT, NightshiftError } from '@nightshift/domain';
import {
  type DeadLetterFilter,
  drop,
  dropAll,
  listDeadLetters,
  redrive,
  redriveAll,
  showJob,
} from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';
import { printJob } from '../print/job-page.ts';
import { attemptDocument, callDocument, jobDocument } from '../print/job-text.ts';
import { printJobs } from '../print/job-table.ts';

/** Dead letters that one `--all` moves at most: more is a decision to be taken twice. */
const ORDERS_MAX = 1_000;

export function define(command: Command, cli: Cli): void {
  command.addHelpText(
    'after',
    examples([
      'dlq list',
      'dlq show 0192…',
      'dlq redrive 0192…',
      'dlq redrive --all --agent digest',
      'dlq drop --all --reason crashed',
    ]),
  );
  defineList(command, cli);
  defineShow(command, cli);
  defineRedrive(command, cli);
  defineDrop(command, cli);
}

function defineList(command: Command, cli: Cli): void {
  const list = command
    .command('list', { isDefault: true })
    .description('dead jobs, newest first')
    .option('--agent <name>', 'only jobs of this agent')
    .option('--reason <code>', 'only those that died of this, such as crashed')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['dlq list', 'dlq list --agent digest --json']))
    .action(async (options: DeadLetterFilter) => {
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
  const again = selecting(command.command('redrive'), 'back into the queue with fresh attempts')
    .option('--as <agent>', 'as this agent from now on: for one that was renamed')
    .addHelpText(
      'after',
      examples([
        'dlq redrive 0192…',
        'dlq redrive --all --agent digest',
        'dlq redrive --all --reason agent-unknown --as digest',
      ]),
    )
    .action(async (id: string | undefined, options: Selection & { as?: string }) => {
      requireOne(id, options);
      const installation = await cli.installation(again);
      let redriven = 1;
      if (id === undefined) {
        redriven = await redriveAll(installation, filterOf(options), options.as);
      } else {
        await redrive(installation, id, options.as);
      }
      cli.answer({ redriven }, (printer) => printer.line(`${redriven} queued again`));
    });
}

function defineDrop(command: Command, cli: Cli): void {
  const dropping = selecting(
    command.command('drop'),
    'cancel for good; why it died stays on record',
  )
    .addHelpText('after', examples(['dlq drop 0192…', 'dlq drop --all --reason crashed']))
    .action(async (id: string | undefined, options: Selection) => {
      requireOne(id, options);
      const installation = await cli.installation(dropping);
      let dropped = 1;
      if (id === undefined) dropped = await dropAll(installation, filterOf(options));
      else await drop(installation, id);
      cli.answer({ dropped }, (printer) => printer.line(`${dropped} dropped`));
    });
}

/** Which dead letters an order is about: one by its id, or all that match. */
interface Selection {
  readonly all?: true;
  readonly agent?: string;
  readonly reason?: string;
}

function selecting(command: Command, description: string): Command {
  return command
    .description(description)
    .argument('[id]')
    .option('--all', 'every dead letter')
    .option('--agent <name>', 'with --all: only of this agent')
    .option('--reason <code>', 'with --all: only those that died of this, such as crashed');
}

function filterOf({ agent, reason }: Selection): DeadLetterFilter {
  return {
    limit: ORDERS_MAX,
    ...(agent === undefined ? {} : { agent }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function requireOne(id: string | undefined, { all, agent, reason }: Selection): void {
  const filtered = agent !== undefined || reason !== undefined;
  if ((id === undefined) === (all === undefined) || (filtered && all === undefined)) throw oneOf();
}

function oneOf(): NightshiftError {
  return new NightshiftError('usage', 'name one dead letter, or say --all', {
    fix: 'nightshift dlq list shows the ids',
    exitCode: EXIT.usage,
  });
}
