import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Capabilities, ChildOutcome, Clock, Json, ProcessRef } from '@nightshift/domain';
import { NightshiftError } from '@nightshift/domain';
import type { Launcher, LauncherName } from '../launcher.ts';
import { runChild } from '../parent/run-child.ts';
import type { ProbeResult, ProbeTargets } from './targets.ts';

export interface ProbeOptions {
  readonly clock: Clock;
  readonly identify: (pid: number) => Promise<ProcessRef | null> | ProcessRef | null;
  /** As for every other child, so that the probe proves the flags that are used. */
  readonly extraExecArgv?: readonly string[];
}

export interface ProbeReport {
  /** True when every way out is closed. A worker refuses to start otherwise. */
  readonly ok: boolean;
  readonly launcher: LauncherName;
  readonly denied: readonly string[];
  /** Names and details of the ways that are open. */
  readonly escaped: readonly { readonly name: string; readonly detail: string }[];
}

export const PROBE_AGENT = fileURLToPath(new URL('agent.ts', import.meta.url));
const PROBE_WITHIN_MS = 30_000;
const PROBE_MEMORY_MB = 128;

/**
 * Starts a child as any agent's, lets it try every known way out, and looks from outside whether
 * something arrived.
 *
 * @throws NightshiftError `probe-failed` when the child could not be started or did not report
 */
export async function probeSandbox(
  launcher: Launcher,
  options: ProbeOptions,
): Promise<ProbeReport> {
  const dir = await mkdtemp(join(await realpath(tmpdir()), 'nightshift-probe-'));
  const site = new ProbeSite(dir);
  try {
    const results = await runProbe(launcher, options, await site.open());
    const arrived = await site.arrived();
    return judge(launcher.name, [...results, ...arrived]);
  } finally {
    await site.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Sums up what was tried. An attempt that could not be made counts as denied. */
function judge(launcher: LauncherName, results: readonly ProbeResult[]): ProbeReport {
  const escaped = results.filter((it) => it.reached);
  return {
    ok: escaped.length === 0,
    launcher,
    denied: results.filter((it) => !it.reached).map((it) => it.name),
    escaped: escaped.map(({ name, detail }) => ({ name, detail })),
  };
}

async function runProbe(
  launcher: Launcher,
  options: ProbeOptions,
  targets: ProbeTargets,
): Promise<readonly ProbeResult[]> {
  let results: readonly ProbeResult[] | null = null;
  const output: string[] = [];
  const outcome = await runChild({
    ...options,
    launcher,
    entryFile: PROBE_AGENT,
    job: {
      id: 'probe',
      agent: 'probe',
      attempt: 1,
      scheduledFor: null,
      deadline: deadline(options),
    },
    previous: null,
    input: { ...targets },
    models: {},
    grants: { read: [], git: [], protect: [] },
    memoryMb: PROBE_MEMORY_MB,
    capabilities: onlyReport((data) => (results = data as unknown as ProbeResult[])),
    signal: new AbortController().signal,
    onStarted: () => undefined,
    onOutput: (_stream, line) => void output.push(line),
  });
  if (outcome.kind === 'done' && results !== null) return results;
  throw failed(launcher, outcome, output);
}

function deadline({ clock }: ProbeOptions): number {
  return clock.now() + PROBE_WITHIN_MS;
}

function onlyReport(report: (data: Json) => void): Capabilities {
  const closed = (): Promise<never> => Promise.reject(new Error('not in a probe'));
  return {
    http: closed,
    stepResult: closed,
    completeStep: closed,
    draft: closed,
    report: async ({ data }) => report(data),
    progress: closed,
    log: closed,
    // It tries everything on purpose.
    denied: async () => undefined,
  };
}

function failed(launcher: Launcher, outcome: ChildOutcome, output: string[]): NightshiftError {
  const why = 'error' in outcome ? outcome.error.message : outcome.kind;
  const said = output.slice(-3).join('; ');
  return new NightshiftError('probe-failed', `the sandbox could not be probed: ${why}`, {
    at: `launcher ${launcher.name}`,
    fix: said === '' ? 'run nightshift doctor' : `the child printed: ${said}`,
  });
}

/** Listeners and files that a child must not reach, and whether it did. */
class ProbeSite {
  readonly #dir: string;
  readonly #servers: Server[] = [];
  readonly #udp = createSocket('udp4');
  #connections = 0;
  #datagrams = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async open(): Promise<ProbeTargets> {
    const file = (name: string): string => join(this.#dir, name);
    await writeFile(file('.env'), 'PROBE_SECRET=1\n');
    await writeFile(file('code.mjs'), 'export const reached = 1;\n');
    await writeFile(file('nightshift.db'), '');
    const tcp = await this.#listen(0);
    await this.#listen(file('socket'));
    const { port } = tcp.address() as { port: number };
    this.#udp.on('message', () => (this.#datagrams += 1));
    this.#udp.bind(port, '127.0.0.1');
    await once(this.#udp, 'listening');
    return {
      port,
      unixSocket: file('socket'),
      envFile: file('.env'),
      codeFile: file('code.mjs'),
      databaseFile: file('nightshift.db'),
      folder: this.#dir,
      newFile: file('new'),
    };
  }

  /** What came to pass outside, whatever the child said of it. */
  async arrived(): Promise<readonly ProbeResult[]> {
    const made = await stat(join(this.#dir, 'new')).then(
      () => true,
      () => false,
    );
    return [
      { name: 'connection-arrived', reached: this.#connections > 0, detail: 'a connection' },
      { name: 'datagram-arrived', reached: this.#datagrams > 0, detail: 'a datagram' },
      { name: 'file-appeared', reached: made, detail: 'a file outside of the scratch folder' },
    ];
  }

  async close(): Promise<void> {
    this.#udp.close();
    await Promise.all(this.#servers.map((it) => new Promise((resolve) => it.close(resolve))));
  }

  async #listen(where: string | number): Promise<Server> {
    const server = createServer((socket) => {
      this.#connections += 1;
      socket.on('error', () => undefined).resume();
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    this.#servers.push(server);
    if (typeof where === 'string') server.listen(where);
    else server.listen(where, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }
}
