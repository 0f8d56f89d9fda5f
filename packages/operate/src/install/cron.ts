import { join } from 'node:path';
import { type AgentSettings, EXIT, NightshiftError, type Settings } from '@nightshift/domain';
import { serviceEnvironment, statePaths } from '@nightshift/lifecycle';
import { requireWritable, type Place, type PlannedFile } from './place.ts';

const CRON_FILE = '/etc/cron.d/nightshift';
const MINUTE_MS = 60_000;

/**
 * The scheduled shape for cron(8): a line for each agent with a schedule, one look of the watchdog
 * each five minutes, and the daily backup. cron knows less than this program, so what it would
 * understand differently is refused, all of it at once.
 *
 * @param machineZone the zone that cron reads times in.
 * @throws NightshiftError `cron-cannot` (78)
 */
export function cronFiles(
  place: Place,
  settings: Pick<Settings, 'agents' | 'timezone'>,
  machineZone: string,
): readonly PlannedFile[] {
  requireWritable(place);
  const agents = settings.agents.filter((it) => it.schedule !== null);
  const timed = agents.some((it) => it.schedule?.kind === 'cron');
  const zone = timed && settings.timezone !== machineZone ? [otherZone(settings, machineZone)] : [];
  const problems = [...zone, ...agents.flatMap(problemOf)];
  if (problems.length > 0) throw cannot(problems);
  const run = (when: string, words: readonly string[]): string =>
    `${when} ${place.user} ${commandLine(place, words)}`;
  const lines = [
    '# Written by nightshift install. No service runs: each line starts, works and ends.',
    'MAILTO=""',
    ...agents.map((it) => run(timesOf(it), ['run', it.name])),
    run('*/5 * * * *', ['watch', '--once']),
    run('30 4 * * *', ['backup', '--keep', '14']),
    '',
  ];
  return [{ path: CRON_FILE, text: lines.join('\n'), mode: 0o644 }];
}

/** What the agent's schedule says that cron(8) would take for something else. */
function problemOf({ name, schedule }: AgentSettings): string[] {
  if (schedule === null) return [];
  if (schedule.kind === 'every') {
    const minutes = schedule.everyMs / MINUTE_MS;
    const fits = Number.isInteger(minutes) && minutes <= 30 && 60 % minutes === 0;
    return fits
      ? []
      : [`${name}: cron has no such pause; use 1, 2, 3, 5, 10, 15, 20 or 30 minutes`];
  }
  const fields = schedule.cron.trim().split(/\s+/);
  if (fields.length !== 5) return [`${name}: cron has five fields, without seconds or names`];
  const [, , day, , weekday] = fields;
  if (day === '*' || weekday === '*') return [];
  return [`${name}: of day and weekday cron(8) asks for either, this program for both`];
}

function timesOf({ schedule }: AgentSettings): string {
  if (schedule?.kind === 'every') return `*/${schedule.everyMs / MINUTE_MS} * * * *`;
  return schedule?.cron.trim() ?? '';
}

function otherZone({ timezone }: Pick<Settings, 'timezone'>, machineZone: string): string {
  return `the schedules are in ${timezone}, and cron reads times in ${machineZone}`;
}

/** In a crontab `%` is a line break. */
function commandLine(place: Place, words: readonly string[]): string {
  const quoted = commandWords(place)
    .concat(words)
    .map((it) => (/^[\w@+=:,./-]+$/.test(it) ? it : `'${it.replaceAll("'", `'\\''`)}'`));
  return `${quoted.join(' ')} >/dev/null 2>&1`.replaceAll('%', '\\%');
}

/** The command of an installed machine, with the secrets that its user may read. */
export function commandWords(place: Place): readonly string[] {
  const cli = join(place.program, 'packages/cli/src/main.ts');
  const secrets = `--env-file-if-exists=${place.secretsFile}`;
  const cache = serviceEnvironment(statePaths(place.stateDir).compileCache).NODE_COMPILE_CACHE;
  const node = ['env', `NODE_COMPILE_CACHE=${cache}`, place.node];
  return [...node, secrets, cli, '--config', place.config, '--state-dir', place.stateDir];
}

function cannot(problems: readonly string[]): NightshiftError {
  return new NightshiftError('cron-cannot', problems.join('; '), {
    at: 'the schedules of the agents',
    fix: 'change them, or use nightshift install --systemd',
    exitCode: EXIT.config,
  });
}
