import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { FirstLook } from '@nightshift/operate';
import type { Printer } from '../printer.ts';
import type { DigestShown } from './digest.ts';

export type Places = {
  readonly report: string | null;
  readonly logs: string;
  readonly database: string;
  readonly config: string | null;
};

/** Says where report, logs and database lie, and what to type next. */
export async function showPlaces(
  printer: Printer,
  look: FirstLook,
  digest: DigestShown,
): Promise<Places> {
  const { paths, configFile } = look.installation;
  const { paint } = printer;
  const places = {
    report: reportFile(paths.reports, digest.report),
    logs: paths.logs,
    database: paths.database,
    config: configFile,
  };
  printer.line(
    `${paint('accent', '3')} ${paint('strong', 'Where it lies')}, until you delete ${look.dir}`,
  );
  for (const [name, path] of Object.entries(places)) {
    if (path !== null) printer.line(`  ${name.padEnd(8)} ${path}`);
  }
  printer.line();
  const where = `--config ${configFile} --state-dir ${paths.dir}`;
  printer.line(`  ${paint('dim', 'look around')}  npx nightshift status ${where}`);
  printer.line(`  ${paint('dim', 'keep going')}   npm start -- --stay`);
  printer.line();
  return places;
}

/** The worker names the file by the end of the report's id. */
function reportFile(dir: string, report: string | null): string | null {
  if (report === null) return null;
  const [file] = globSync(`**/*${report.slice(-8)}.md`, { cwd: dir });
  return file === undefined ? null : join(dir, file);
}
