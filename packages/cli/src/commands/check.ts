import type { Command } from 'commander';
import { sanitise } from '@nightshift/domain';
import { blastRadius, checkConfiguration } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { capText, scheduleText } from '../print/agent-text.ts';
import { usd } from '../print/dollars.ts';
import { examples } from '../options.ts';
import { printRuns } from '../print/runs-text.ts';
import { wrap } from '../print/width.ts';

/** Longest paragraph about one agent, characters. */
const RADIUS_MAX = 4_000;
/** Longer lines are hard to read, columns. */
const TEXT_WIDTH = 100;

export function define(command: Command, cli: Cli): void {
  command
    .addHelpText('after', examples(['check', 'check --config ~/night/nightshift.config.ts --json']))
    .action(async () => {
      const { config } = command.optsWithGlobals<{ config?: string }>();
      const result = await checkConfiguration({ config, cwd: process.cwd() });
      const { settings, agents } = result;
      const document = {
        ok: true,
        file: settings.file,
        timezone: settings.timezone,
        agents: agents.map(({ agent, file, runs, next }) => ({
          name: agent.name,
          entry: file,
          schedule: agent.schedule,
          runs,
          next: next.map((at) => new Date(at).toISOString()),
          models: agent.allow.models,
          hosts: agent.allow.hosts,
          git: agent.allow.git,
          actions: agent.allow.actions,
          blastRadius: blastRadius(settings, agent),
        })),
        budgets: settings.budgets.map(({ capNusd, ...budget }) => ({
          ...budget,
          capUsd: usd(capNusd),
        })),
      };
      cli.answer(document, (printer) => {
        const where = settings.file ?? 'the built-in configuration (there is no file here)';
        printer.line(`${printer.paint('good', 'ok')}  ${where}`);
        printer.line(`    ${capText(settings, 'global')}; time zone ${settings.timezone}`);
        printer.line();
        printer.table(
          [
            { title: 'agent' },
            { title: 'runs' },
            { title: 'budget' },
            { title: 'models' },
            { title: 'hosts' },
            { title: 'entry', flexible: true },
          ],
          agents.map(({ agent, file }) => [
            { text: agent.name, tone: 'strong' },
            scheduleText(agent),
            capText(settings, `agent:${agent.name}`),
            agent.allow.models.join(', ') || null,
            agent.allow.hosts.join(', ') || null,
            { text: file, tone: 'dim' },
          ]),
        );
        for (const { agent } of agents) {
          printer.line();
          const radius = sanitise(blastRadius(settings, agent), RADIUS_MAX);
          const { width } = printer;
          const lines = width === null ? [radius] : wrap(radius, Math.min(width, TEXT_WIDTH));
          for (const text of lines) printer.line(text);
        }
        printer.line();
        for (const it of agents) printRuns(printer, it, settings.timezone);
      });
    });
}
