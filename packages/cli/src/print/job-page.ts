import { sanitise, sanitiseLine } from '@nightshift/domain';
import type { JobDetail } from '@nightshift/operate';
import type { Printer } from '../printer.ts';
import { dollars } from './dollars.ts';
import { stateCell } from './job-text.ts';
import { span, when } from './time.ts';

/** One job on one page: facts, attempts, calls. */
export function printJob(printer: Printer, detail: JobDetail, now: number): void {
  const { job } = detail;
  const state = stateCell(job) as { text: string; tone: 'plain' };
  const fact = (name: string, value: string | null): void => {
    if (value !== null) printer.line(`${printer.paint('dim', name.padEnd(9))} ${value}`);
  };
  printer.line(`${printer.paint('strong', job.id)}  ${printer.paint(state.tone, state.text)}`);
  fact('agent', sanitiseLine(job.agent));
  fact('key', sanitiseLine(job.key));
  fact('made', when(job.createdAt, now, printer.person));
  fact('slot', job.slot === null ? null : new Date(job.slot).toISOString());
  if (job.state === 'queued') fact('runs', when(job.runAfter, now, printer.person));
  fact('finished', when(job.finishedAt, now, printer.person));
  fact('progress', progressText(detail));
  fact('report', job.report === null ? null : `nightshift reports show ${job.report}`);
  fact('input', sanitiseLine(JSON.stringify(job.input), 500));
  if (job.lastError !== null) {
    const { code, message } = job.lastError;
    fact('error', `${printer.paint('bad', sanitiseLine(code))}: ${sanitise(message)}`);
  }
  printAttempts(printer, detail, now);
  printCalls(printer, detail);
}

function progressText({ job }: JobDetail): string | null {
  if (job.progress === null) return null;
  return `${job.progress.done}/${job.progress.total} ${sanitiseLine(job.progress.note)}`;
}

function printAttempts(printer: Printer, { attempts }: JobDetail, now: number): void {
  if (attempts.length === 0) return;
  printer.line();
  printer.table(
    [
      { title: 'try', align: 'right' },
      { title: 'outcome' },
      { title: 'took', align: 'right' },
      { title: 'spent', align: 'right' },
      { title: 'error', flexible: true },
    ],
    attempts.map((it) => [
      it.n,
      it.outcome ?? { text: 'running', tone: 'accent' },
      span((it.endedAt ?? now) - it.startedAt),
      dollars(it.spentNusd),
      it.error === null ? null : `${it.error.code}: ${it.error.message}`,
    ]),
  );
}

function printCalls(printer: Printer, { calls }: JobDetail): void {
  if (calls.length === 0) return;
  printer.line();
  printer.table(
    [
      { title: 'call' },
      { title: 'state' },
      { title: 'bound', align: 'right' },
      { title: 'actual', align: 'right' },
      { title: 'tokens', align: 'right' },
      { title: 'outcome', flexible: true },
    ],
    calls.map((it) => [
      `${it.endpoint}/${it.model}`,
      it.state,
      dollars(it.boundNusd),
      it.actualNusd === null ? null : dollars(it.actualNusd),
      it.usage === null ? null : `${it.usage.inputTokens}+${it.usage.outputTokens}`,
      it.outcome,
    ]),
  );
}
