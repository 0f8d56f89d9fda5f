import { type AgentSettings, type Clock, type Settings, systemClock } from '@nightshift/domain';
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
  const { settings } = await loadSettings({
    configFile,
    cwd,
    checkSecrets: true,
    checkEntries: true,
    checkCron,
  });
  const now = clock.now();
  const agents = settings.agents.map(async (agent) => {
    const file = resolveEntry(agent.entry, settings.dir, `agents.${agent.name}.entry`);
    return { agent, file, ...(await runsOf(agent, settings, now)) };
  });
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
