import type { Command } from 'commander';
import { EXIT, sanitiseLine } from '@nightshift/domain';
import { ackAlert, listAlerts, showAlert, testChannels } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples, span } from '../options.ts';
import { alertMarkdown, timeline } from '../print/alert-text.ts';
import { when } from '../print/time.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['alerts list', 'alerts ack ID --for 12h', 'alerts test']));
  defineList(command, cli);
  defineShow(command, cli);
  defineAck(command, cli);
  defineTest(command, cli);
}

function defineList(command: Command, cli: Cli): void {
  const list = command
    .command('list', { isDefault: true })
    .description('open incidents; with --all those that are over too')
    .option('--all', 'also what is over')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['alerts list', 'alerts list --all --json']))
    .action(async (options: { all?: true; limit: number }) => {
      const installation = await cli.installation(list);
      const request = { all: options.all === true, limit: options.limit };
      const alerts = await listAlerts(installation, request);
      cli.answer({ alerts }, (printer) => {
        if (alerts.length === 0 && printer.person) {
          printer.line('no alerts');
          return;
        }
        const now = installation.clock.now();
        printer.table(
          [
            { title: 'id' },
            { title: 'since' },
            { title: 'severity' },
            { title: 'state' },
            { title: 'rule' },
            { title: 'what', flexible: true },
          ],
          alerts.map((it) => [
            it.id,
            when(it.openedAt ?? it.firstSeenAt, now, printer.person),
            { text: it.severity, tone: it.severity === 'page' ? 'bad' : 'warn' },
            it.ackedUntil !== null && it.ackedUntil > now ? 'acknowledged' : it.state,
            it.rule,
            it.title,
          ]),
        );
      });
    });
}

function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('one incident: what was seen, told and done, in the order of time')
    .argument('<id>')
    .option('--markdown', 'as an entry for INCIDENTS.md')
    .addHelpText('after', examples(['alerts show ID', 'alerts show ID --markdown >> INCIDENTS.md']))
    .action(async (id: string, options: { markdown?: true }) => {
      const detail = await showAlert(await cli.installation(show), id);
      cli.answer({ alert: { ...detail.incident, ...detail, incident: undefined } }, (printer) => {
        if (options.markdown === true) {
          for (const line of alertMarkdown(detail)) printer.line(line);
          return;
        }
        const { incident } = detail;
        printer.line(printer.paint('strong', sanitiseLine(incident.title)));
        for (const line of incident.detail.split('\n')) printer.line(sanitiseLine(line, 500));
        printer.line();
        for (const { at, what } of timeline(detail)) printer.line(`${at}  ${what}`);
        printer.line(`see RUNBOOK.md#${sanitiseLine(incident.rule)}`);
      });
    });
}

function defineAck(command: Command, cli: Cli): void {
  const ack = command
    .command('ack')
    .description('no reminders of an incident for a while; it speaks again should it become worse')
    .argument('<id>')
    .option('--for <time>', 'how long, such as 30m, 12h, 7d', span, span('12h'))
    .addHelpText('after', examples(['alerts ack ID', 'alerts ack ID --for 3d']))
    .action(async (id: string, options: { for: number }) => {
      const installation = await cli.installation(ack);
      const alert = await ackAlert(installation, { id, forMs: options.for });
      cli.answer({ alert }, (printer) => {
        const until = when(alert.ackedUntil, installation.clock.now(), printer.person);
        printer.line(`${sanitiseLine(alert.title)}: no reminders until ${until}`);
      });
    });
}

function defineTest(command: Command, cli: Cli): void {
  const test = command
    .command('test')
    .description('send one marked message through every channel and wait for the receipts')
    .addHelpText('after', examples(['alerts test', 'alerts test --json']))
    .action(async () => {
      const channels = await testChannels(await cli.installation(test));
      if (channels.length === 0 || channels.some((it) => !it.ok)) cli.exitCode = EXIT.failed;
      cli.answer({ channels }, (printer) => {
        if (channels.length === 0) {
          printer.line('no channel is configured: nobody would be told');
          return;
        }
        printer.table(
          [{ title: 'channel' }, { title: 'by' }, { title: 'result', flexible: true }],
          channels.map((it) => [
            it.channel,
            it.by,
            it.ok
              ? { text: `arrived, receipt ${it.receipt}`, tone: 'good' }
              : { text: it.error ?? 'failed', tone: 'bad' },
          ]),
        );
      });
    });
}
