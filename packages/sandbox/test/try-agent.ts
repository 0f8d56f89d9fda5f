import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type {
  Capabilities,
  ChildOutcome,
  HttpRequest,
  HttpResponse,
  InnerDenial,
  Json,
  ProcessRef,
  Progress,
  ReportDraft,
} from '@nightshift/domain';
import { systemClock } from '@nightshift/domain';
import { tempDir } from '@nightshift/support';
import { directLauncher, runChild, type RunChildOptions } from '../src/index.ts';

/** What a child did to a worker that says yes. */
export interface Trial {
  readonly outcome: ChildOutcome;
  readonly ref: ProcessRef | undefined;
  readonly output: string[];
  readonly requests: HttpRequest[];
  readonly reports: ReportDraft[];
  readonly progress: Progress[];
  readonly logs: { level: string; message: string; fields: Json }[];
  readonly denials: InnerDenial[];
  readonly steps: Map<string, Json>;
}

export interface TryOptions {
  readonly input?: Json;
  readonly http?: Capabilities['http'];
  readonly steps?: Map<string, Json>;
  readonly capabilities?: Partial<Capabilities>;
  readonly run?: Partial<RunChildOptions>;
  /** From now to the deadline, ms. */
  readonly timeoutMs?: number;
}

export const noGrants = { read: [], git: [], protect: [] } as const;

/** Absolute path of an agent in `fixtures/`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url));
}

/** Runs an agent in a real child against a worker of a few lines. */
export async function tryAgent(entryFile: string, options: TryOptions = {}): Promise<Trial> {
  const trial = {
    ref: undefined as ProcessRef | undefined,
    output: [] as string[],
    requests: [] as HttpRequest[],
    reports: [] as ReportDraft[],
    progress: [] as Progress[],
    logs: [] as { level: string; message: string; fields: Json }[],
    denials: [] as InnerDenial[],
    steps: options.steps ?? new Map<string, Json>(),
  };
  const outcome = await runChild({
    launcher: directLauncher,
    entryFile,
    job: {
      id: 'job-1',
      agent: 'tried',
      attempt: 1,
      scheduledFor: null,
      deadline: systemClock.now() + (options.timeoutMs ?? 20_000),
    },
    previous: null,
    input: options.input ?? null,
    models: {},
    grants: noGrants,
    memoryMb: 128,
    capabilities: { ...worker(trial, options), ...options.capabilities },
    signal: new AbortController().signal,
    clock: systemClock,
    identify,
    onStarted: (ref) => void (trial.ref = ref),
    onOutput: (stream, line) => void trial.output.push(`${stream}: ${line}`),
    scratchRoot: tempDir('scratch'),
    ...options.run,
  });
  return { ...trial, outcome };
}

function worker(trial: Omit<Trial, 'outcome' | 'ref'>, options: TryOptions): Capabilities {
  return {
    async http(request, signal) {
      trial.requests.push(request);
      return options.http === undefined ? textResponse('a page') : options.http(request, signal);
    },
    async stepResult(name) {
      const result = trial.steps.get(name);
      return result === undefined ? { found: false } : { found: true, result };
    },
    completeStep: async (name, result) => void trial.steps.set(name, result),
    report: async (report) => void trial.reports.push(report),
    draft: async () => ({ id: 'draft-1', expiresAt: 0 }),
    progress: async (progress) => void trial.progress.push(progress),
    log: async (level, message, fields) => void trial.logs.push({ level, message, fields }),
    denied: async (denial) => void trial.denials.push(denial),
  };
}

/** A whole small answer. */
export function textResponse(text: string, status = 200, type = 'text/plain'): HttpResponse {
  return { status, headers: [['content-type', type]], body: chunks(text) };
}

export async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

/** proc(5): field 22 of the stat line, counted after the last `)`, because a name may hold one. */
export function identify(pid: number): ProcessRef {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return { pid, startTicks, bootId: 'boot', pidNamespace: 'ns' };
}
