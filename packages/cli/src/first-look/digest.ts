import { type Json, sanitise, sanitiseLine } from '@nightshift/domain';
import {
  DEMO_VALUE,
  type FirstLook,
  VALUE_PERIOD_MS,
  showReport,
  valueSince,
} from '@nightshift/operate';
import { dollars, usd } from '../print/dollars.ts';
import { markdownLines } from '../print/markdown.ts';
import { progressBar } from '../print/progress.ts';
import type { Printer } from '../printer.ts';

/** Lines of the digest that are shown; the rest is in the report. */
const LINES_MAX = 32;

export type DigestShown = {
  readonly job: string;
  readonly state: string;
  readonly report: string | null;
  readonly title: string | null;
  readonly costUsd: number;
  readonly savedUsd: number;
  readonly error: Json;
};

/** Runs the digest once and shows it, with what it cost and saved. */
export async function showDigest(printer: Printer, look: FirstLook): Promise<DigestShown> {
  const { paint } = printer;
  printer.line(
    `${paint('accent', '1')} ${paint('strong', 'One agent, once')}: what happened in ${look.repository}`,
  );
  const bar = progressBar(printer);
  const job = await look
    .run('digest', (now) => bar.show('digest', now.progress))
    .finally(() => bar.end());
  const sinceAt = look.installation.clock.now() - VALUE_PERIOD_MS;
  const value = await valueSince(look.installation, sinceAt);
  const report = job.report === null ? null : await showReport(look.installation, job.report);
  printer.line();
  if (report !== null) {
    printDigest(printer, report.title, report.body);
    printer.line();
    printer.line(
      `  cost   ${paint('good', dollars(value.spentNusd))}  ${paint('dim', 'extractive(): sentences were picked, no model was asked')}`,
    );
    const estimate = `${DEMO_VALUE.hoursSaved} h at ${DEMO_VALUE.hourlyRate}: an estimate, yours to set`;
    printer.line(`  saved  ${paint('good', dollars(value.savedNusd))}  ${paint('dim', estimate)}`);
  } else {
    const why = job.lastError === null ? 'no reason was given' : sanitise(job.lastError.message);
    printer.line(`  ${paint('bad', job.state)}  ${why}`);
  }
  printer.line();
  return {
    job: job.id,
    state: job.state,
    report: job.report,
    title: report?.title ?? null,
    costUsd: usd(value.spentNusd),
    savedUsd: usd(value.savedNusd),
    error: job.lastError === null ? null : { ...job.lastError },
  };
}

function printDigest(printer: Printer, title: string, body: string): void {
  const { paint, width } = printer;
  const all = markdownLines(body, paint, width === null ? null : width - 4);
  const lines = printer.person ? all.slice(0, LINES_MAX) : all;
  printer.line(`  ${paint('strong', sanitiseLine(title))}`);
  for (const line of lines) printer.line(line === '' ? '' : `  ${line}`);
  const more = all.length - lines.length;
  if (more > 0) printer.line(`  ${paint('dim', `… ${more} more lines in the report`)}`);
}
