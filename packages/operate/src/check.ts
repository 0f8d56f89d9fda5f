import { type AgentSettings, EXIT, NightshiftError, type Settings } from '@nightshift/domain';
import { loadSettings, resolveEntry } from '@nightshift/lifecycle';
import { checkCron } from '@nightshift/schedule';

/** What the configuration comes to. */
export interface CheckResult {
  readonly settings: Settings;
  readonly agents: readonly { readonly agent: AgentSettings; readonly file: string }[];
}

/**
 * Checks the configuration as the services will read it, and what it points to: the entry of each
 * agent exists, every secret it names is set somewhere. Nothing an agent wrote is executed.
 *
 * @throws NightshiftError (78) with every mistake in one message.
 */
export async function checkConfiguration(request: {
  readonly config?: string | undefined;
  readonly cwd: string;
}): Promise<CheckResult> {
  const { config: configFile, cwd } = request;
  const { settings } = await loadSettings({ configFile, cwd, checkSecrets: true, checkCron });
  const mistakes: NightshiftError[] = [];
  const agents = settings.agents.flatMap((agent) => {
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
  return { settings, agents };
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
