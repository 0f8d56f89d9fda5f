import type { Command } from 'commander';
import { type Draft, type Json, sanitise } from '@nightshift/domain';
import { type RunResult, runOnce, showReport } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples, json } from '../options.ts';
import { jobDocument } from '../print/job-text.ts';
import { markdownLines } from '../print/markdown.ts';
import { progressBar } from '../print/progress.ts';

export function define(command: Command, cli: Cli): void {
  command
    .argument('<agent>', 'its name in the configuration')
    .option('--input <json>', 'instead of the input of the configuration', json)
    .addHelpText('after', '\nWhat a person approved of its drafts is done first.')
    .addHelpText('after', examples(['run digest', `run digest --input '{"repos":["."]}' --json`]))
    .action(async (agent: string, options: { input?: Json }) => {
      const installation = await cli.installation(command, { create: true });
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => stop.abort());
      }
      const bar = progressBar(cli.printer);
      const result = await runOnce(installation, {
        agent,
        input: options.input,
        cwd: process.cwd(),
        signal: stop.signal,
        onProgress: (job) => bar.show(agent, job.progress),
        onSaid: (text) => cli.printer.note(sanitise(text.trimEnd(), 20_000)),
      }).finally(() => bar.end());
      cli.exitCode = result.exitCode;
      const { report } = result.job;
      const filed = report === null ? null : await showReport(installation, report);
      const drafts = result.drafts.map(({ id, action, state, result: what }) => {
        return { id, action, state, result: what };
      });
      cli.answer({ job: jobDocument(result.job), report: filed, drafts }, (printer) => {
        for (const it of drafts) printer.line(draftText(cli, it));
        if (filed !== null) {
          printer.line(printer.paint('strong', sanitise(filed.title, 200)));
          printer.line();
          const lines = markdownLines(filed.body, printer.paint, printer.width);
          for (const line of lines) printer.line(line);
          printer.line();
        }
        printer.line(endText(cli, result));
      });
    });
}

function draftText(
  { printer: { paint } }: Cli,
  draft: Pick<Draft, 'id' | 'action' | 'state' | 'result'>,
): string {
  const tone = draft.state === 'done' ? 'good' : 'bad';
  const what = draft.result === null ? '' : `: ${sanitise(draft.result, 500)}`;
  return `${paint(tone, draft.state)}  draft ${draft.id} (${draft.action})${what}`;
}

function endText({ printer: { paint } }: Cli, { job }: RunResult): string {
  if (job.state === 'done') return `${paint('good', 'done')}  job ${job.id}`;
  const { lastError } = job;
  const why = lastError === null ? job.waitReason : `${lastError.code}: ${lastError.message}`;
  const text = `${paint('bad', job.state)}  job ${job.id}`;
  return why === null ? text : `${text}: ${sanitise(why)}`;
}
