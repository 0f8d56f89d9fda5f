import type { Command } from 'commander';
import { EXIT, sanitiseLine, type DrillName } from '@nightshift/domain';
import {
  DRILL_ORDER,
  type DrillResult,
  type Installation,
  drillsSince,
  runDrill,
} from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples, moment, span } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  const names = DRILL_ORDER.map((it) => `  ${it.name.padEnd(12)} ${it.doc}`).join('\n');
  command
    .argument('<name>', 'a drill, or all')
    .option('--wait <time>', 'how long running jobs may take', span, span('60s'))
    .option('--since <time>', 'only what has not run since, as an ISO time', moment)
    .addHelpText('after', `\nDrills:\n${names}`)
    .addHelpText('after', examples(['drill cap', 'drill all', 'drill all --json']))
    .action(async (name: string, options: { wait: number; since?: number }) => {
      const installation = await cli.installation(command);
      const all = await drillsSince(installation, options.since ?? null);
      const chosen = name === 'all' ? all : [name as DrillName];
      const drills: DrillResult[] = [];
      for (const it of chosen) drills.push(await one(cli, installation, it, options.wait));
      if (drills.some((it) => it.outcome === 'failed')) cli.exitCode = EXIT.failed;
      cli.answer({ drills }, () => undefined);
    });
}

async function one(
  { printer }: Cli,
  installation: Installation,
  name: DrillName,
  waitMs: number,
): Promise<DrillResult> {
  printer.note(`${name} ...`);
  const result = await runDrill(installation, {
    name,
    waitMs,
    onNote: (text) => printer.note(`  ${sanitiseLine(text, 300)}`),
  });
  const tone = result.outcome === 'passed' ? 'good' : result.outcome === 'failed' ? 'bad' : 'dim';
  const why = result.reason === null ? '' : `: ${sanitiseLine(result.reason, 300)}`;
  if (!printer.json) printer.line(`${printer.paint(tone, result.outcome.padEnd(8))} ${name}${why}`);
  return result;
}
