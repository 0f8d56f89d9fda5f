import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Report, plainText, sanitise } from '@nightshift/domain';

/** Longest report that is written, characters. */
const REPORT_MAX_LENGTH = 1_000_000;

/**
 * Writes a report as Markdown and as plain text below `dir/<agent>/`, and returns the path of the
 * Markdown. The database has it too; the files are for people. Written beside and renamed, so that
 * nobody reads half a report; the same report written twice gives the same two files.
 */
export async function writeReportFiles(dir: string, report: Report): Promise<string> {
  const folder = path.join(dir, report.agent);
  const stamp = new Date(report.createdAt).toISOString().slice(0, 16).replaceAll(':', '');
  const name = path.join(folder, `${stamp}Z-${report.id.slice(-8)}`);
  const title = sanitise(report.title, 200);
  const body = sanitise(report.body, REPORT_MAX_LENGTH);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(`${name}.md`, `# ${title}\n\n${body}\n`);
  await replaceFile(`${name}.txt`, `${plainText(`# ${title}\n\n${body}`)}\n`);
  return `${name}.md`;
}

async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.tmp`, text, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}
