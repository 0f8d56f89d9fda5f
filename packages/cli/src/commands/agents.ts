import type { Command } from 'commander';
import { listAgents, pauseAgent, resumeAgent } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { scheduleText } from '../print/agent-text.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['agents list', 'agents pause digest']));
  const list = command
    .command('list', { isDefault: true })
    .description('the agents of the configuration')
    .addHelpText('after', examples(['agents list', 'agents list --json']))
    .action(async () => {
      const agents = await listAgents(await cli.installation(list));
      const document = agents.map(({ agent, paused }) => ({
        name: agent.name,
        paused,
        schedule: agent.schedule,
        entry: agent.entry,
        attempts: agent.attempts,
        timeoutMs: agent.timeoutMs,
      }));
      cli.answer({ agents: document }, (printer) => {
        printer.table(
          [
            { title: 'agent' },
            { title: 'state' },
            { title: 'runs' },
            { title: 'entry', flexible: true },
          ],
          agents.map(({ agent, paused }) => [
            { text: agent.name, tone: 'strong' },
            paused ? { text: 'paused', tone: 'warn' } : { text: 'active', tone: 'good' },
            scheduleText(agent),
            { text: agent.entry, tone: 'dim' },
          ]),
        );
      });
    });
  for (const verb of ['pause', 'resume'] as const) {
    const act = verb === 'pause' ? pauseAgent : resumeAgent;
    const order = command
      .command(verb)
      .description(verb === 'pause' ? 'nothing new starts; what runs, ends' : 'end a pause')
      .argument('<agent>')
      .addHelpText('after', examples([`agents ${verb} digest`]))
      .action(async (name: string) => {
        await act(await cli.installation(order), name);
        const paused = verb === 'pause';
        cli.answer({ agent: name, paused }, (printer) => {
          printer.line(`${name} is ${paused ? 'paused' : 'active'}`);
        });
      });
  }
}
