import { NightshiftError, errorFacts } from '@nightshift/domain';
import { checkRuntime, processEnvironment } from '@nightshift/lifecycle';
import { checkConfiguration } from './check.ts';
import { type InstallationRequest, openInstallation } from './installation.ts';

/** One thing that was looked at. */
export interface Examination {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do, where something is wrong. */
  readonly fix: string | null;
}

type Request = Pick<InstallationRequest, 'config' | 'stateDir' | 'cwd'>;

/** Looks at this machine and this installation. Never throws: what fails is a finding. */
export async function examine(request: Request): Promise<readonly Examination[]> {
  return [
    await look('node', () => {
      checkRuntime(processEnvironment(), process.version);
      return `${process.version} on ${process.platform} ${process.arch}`;
    }),
    await look('config', async () => {
      const { settings, agents } = await checkConfiguration(request);
      return `${settings.file ?? 'built in'}, ${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`;
    }),
    await look('state', () => openInstallation({ ...request, create: false }).paths.dir),
    await look('database', () => examineDatabase(request)),
  ];
}

async function examineDatabase(request: Request): Promise<string> {
  const installation = openInstallation({ ...request, create: false });
  try {
    const store = await installation.store();
    const { queued, running, dead } = await store.jobs.counts();
    const differences = await store.ledger.verify();
    if (differences.length > 0) {
      throw new NightshiftError('ledger-differs', `counters and rows differ: ${differences[0]}`, {
        fix: 'nightshift spend verify lists all of it',
      });
    }
    return `current schema, ledger agrees; ${queued} queued, ${running} running, ${dead} dead`;
  } finally {
    await installation.close();
  }
}

async function look(name: string, find: () => string | Promise<string>): Promise<Examination> {
  try {
    return { name, ok: true, found: await find(), fix: null };
  } catch (error) {
    const fix = error instanceof NightshiftError ? (error.fix ?? null) : null;
    return { name, ok: false, found: errorFacts(error).message, fix };
  }
}
