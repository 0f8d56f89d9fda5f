import { type AgentSettings, type Clock, EXIT, NightshiftError } from '@nightshift/domain';
import { type Settings, systemClock } from '@nightshift/domain';
import { loadSettings, resolveEntry } from '@nightshift/lifecycle';
import { checkCron, describeSchedule, nextSlots } from '@nightshift/schedule';

/** Runs of each schedule that are shown. */
const NEXT_RUNS = 5;

/** What the configuration comes to. */
export interface CheckResult {
  readonly settings: Settings;
  readonly agents: readonly CheckedAgent[];
}

export interface CheckedAgent {
  readonly agent: AgentSettings;
  readonly file: string;
  /** Its schedule in words; null for one that is run by hand. */
  readonly runs: string | null;
  /** Its next runs, epoch ms; none where a schedule never comes again. */
  readonly next: readonly number[];
}

/**
 * Checks the configuration as the services will read it, and what it points to: the entry of each
 * agent exists, every secret it names is set somewhere, every schedule can be understood. Nothing
 * an agent wrote is executed.
 *
 * @throws NightshiftError (78) with every mistake in one message.
 */
export async function checkConfiguration(request: {
  readonly config?: string | undefined;
  readonly cwd: string;
  readonly clock?: Clock;
}): Promise<CheckResult> {
  const { config: configFile, cwd, clock = systemClock } = request;
  const { settings } = await loadSettings({ configFile, cwd, checkSecrets: true, checkCron });
  const mistakes: NightshiftError[] = [];
  const found = settings.agents.flatMap((agent) => {
    try {
      const at = `agents.${agent.name}.entry`;
      return [{ agent, file: resolveEntry(agent.entry, settings.dir, at) }];
    } catch (error) {
      if (!(error instanceof NightshiftError)) throw error;
      mistakes.push(error);
      return [];
    }
  });
  if (mistakes.length > 0) throw together(mistakes, settings);
  const now = clock.now();
  const agents = found.map(async (it) => ({ ...it, ...(await runsOf(it.agent, settings, now)) }));
  return { settings, agents: await Promise.all(agents) };
}

async function runsOf(
  { schedule }: AgentSettings,
  { timezone }: Settings,
  now: number,
): Promise<Pick<CheckedAgent, 'runs' | 'next'>> {
  if (schedule === null) return { runs: null, next: [] };
  const cron = schedule.kind === 'cron' ? schedule.cron : null;
  const everyMs = schedule.kind === 'every' ? schedule.everyMs : null;
  const slots = { cron, everyMs, timezone };
  return { runs: describeSchedule(slots), next: await nextSlots(slots, now, NEXT_RUNS) };
}

function together(mistakes: readonly NightshiftError[], settings: Settings): NightshiftError {
  const [first] = mistakes;
  if (first !== undefined && mistakes.length === 1) return first;
  const lines = mistakes.map((it) => `  ${it.at}: ${it.message}`);
  const message = `${mistakes.length} mistakes\n${lines.join('\n')}`;
  return new NightshiftError('config-invalid', message, {
    at: settings.file ?? 'the built-in configuration',
    fix: mistakes.map((it) => it.fix).join('; '),
    exitCode: EXIT.config,
  });
}
