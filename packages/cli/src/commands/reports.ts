import type { Command } from 'commander';
import { sanitise, sanitiseLine } from '@nightshift/domain';
import { listReports, showReport } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';
import { REPORT_MAX, markdownLines } from '../print/markdown.ts';
import { when } from '../print/time.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['reports list', 'reports show latest']));
  defineList(command, cli);
  defineShow(command, cli);
}

function defineList(command: Command, cli: Cli): void {
  const list = command
    .command('list', { isDefault: true })
    .description('newest first')
    .option('--agent <name>', 'only reports of this agent')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['reports list', 'reports list --agent digest --json']))
    .action(async (options: { agent?: string; limit: number }) => {
      const installation = await cli.installation(list);
      const reports = await listReports(installation, options);
      const rows = reports.map(({ id, job, agent, title, notify, createdAt }) => ({
        id,
        job,
        agent,
        title,
        notify,
        createdAt,
      }));
      cli.answer({ reports: rows }, (printer) => {
        if (rows.length === 0 && printer.person) {
          printer.line('no reports yet');
          return;
        }
        const now = installation.clock.now();
        printer.table(
          [
            { title: 'id' },
            { title: 'agent' },
            { title: 'filed' },
            { title: 'title', flexible: true },
          ],
          rows.map((it) => [it.id, it.agent, when(it.createdAt, now, printer.person), it.title]),
        );
      });
    });
}

function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('one report, rendered for a terminal, as Markdown when piped')
    .argument('<id>', "a report's id, a job's id, or latest")
    .addHelpText('after', examples(['reports show latest', 'reports show 0192… > digest.md']))
    .action(async (id: string) => {
      const installation = await cli.installation(show);
      const report = await showReport(installation, id);
      cli.answer({ report }, (printer) => {
        const title = sanitiseLine(report.title);
        if (!printer.person) {
          printer.line(`# ${title}\n\n${sanitise(report.body, REPORT_MAX)}`);
          return;
        }
        printer.line(printer.paint('strong', title));
        printer.line();
        for (const line of markdownLines(report.body, printer.paint, printer.width)) {
          printer.line(line);
        }
      });
    });
}
