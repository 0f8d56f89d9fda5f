import fc from 'fast-check';

/** One input of one target may take so much of the processor, ms. */
const CPU_MAX_MS = 1_500;

/** Something that reads what others wrote, and what must hold whatever they wrote. */
export interface Target {
  readonly name: string;
  /** Runs of it for each hundred that are asked for: dear ones get fewer. */
  readonly share: number;
  run(request: RunRequest): Promise<Report>;
}

export interface RunRequest {
  readonly runs: number;
  readonly seed: number;
  /** Where fast-check found a counterexample before: only that one is tried. */
  readonly path?: string;
  /** Called before each input. */
  readonly each?: () => void;
}

export interface Report {
  readonly name: string;
  readonly runs: number;
  readonly seed: number;
  /** The dearest input, ms of the processor. */
  readonly slowestMs: number;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly path: string;
  readonly message: string;
  /** The smallest input that was found to fail. */
  readonly counterexample: string;
}

/**
 * A target over inputs of one kind.
 * @param holds throws, or rejects, when something does not hold for this input
 */
export function defineTarget<T>(
  name: string,
  share: number,
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
): Target {
  return {
    name,
    share,
    async run({ runs, seed, path, each }) {
      const own = Math.max(1, Math.round((runs * share) / 100));
      let slowestMs = 0;
      const property = fc.asyncProperty(inputs, async (input) => {
        each?.();
        const before = cpuMs();
        await holds(input);
        const ms = cpuMs() - before;
        slowestMs = Math.max(slowestMs, ms);
        if (ms > CPU_MAX_MS) throw new Error(`it took ${Math.round(ms)} ms of the processor`);
      });
      const found = await fc.check(property, {
        numRuns: path === undefined ? own : 1,
        seed,
        ...(path === undefined ? {} : { path }),
      });
      const failure = found.failed ? failureOf(found) : null;
      return { name, runs: found.numRuns, seed, slowestMs: Math.round(slowestMs), failure };
    },
  };
}

/** Of this thread alone: what else the machine does is no reason to fail. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function failureOf<T>(found: fc.RunDetails<T>): Failure {
  const error = found.errorInstance;
  return {
    path: found.counterexamplePath ?? '',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    counterexample: shown(found.counterexample),
  };
}

/** An input may throw when it is looked at: that is what some are made for. */
function shown(input: unknown): string {
  try {
    return fc.stringify(input).slice(0, 4_000);
  } catch {
    return 'one that throws when it is looked at';
  }
}
