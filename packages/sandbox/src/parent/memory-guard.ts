import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * The heap flag does not count buffers, so the whole process is watched too. Linux only: elsewhere
 * /proc is missing and the flag alone holds.
 */
const LOOK_EACH_MS = 250;
/** What Node needs beside the heap: code, stacks, its own buffers (92 MB were seen with `ai`). */
const BESIDE_HEAP_MB = 160;
const DESCENDANTS_MAX = 16;
/**
 * Added to what the kernel weighs when it must end something: 1,000 would be "this one whatever it
 * holds" (proc(5), oom_score_adj). An unprivileged process may raise it, never lower it again.
 */
const FIRST_TO_GO = 800;

/**
 * Calls `over` once when `pid` and its descendants hold more than allowed. Returns its stop. Should
 * the machine itself run out of memory, they are what the kernel ends first, before the worker.
 */
export function guardMemory(pid: number, memoryMb: number, over: () => void): () => void {
  const limitKb = (memoryMb + BESIDE_HEAP_MB) * 1_024;
  const offered = new Set([pid]);
  let stopped = false;
  offerToKernel(pid);
  const look = async (): Promise<void> => {
    const { usedKb, pids } = await residentKb(pid);
    for (const it of pids) {
      if (!offered.has(it)) offerToKernel(it);
      offered.add(it);
    }
    if (usedKb <= limitKb || stopped) return;
    stop();
    over();
  };
  const timer = setInterval(() => void look(), LOOK_EACH_MS);
  timer.unref();
  const stop = (): void => {
    stopped = true;
    clearInterval(timer);
  };
  return stop;
}

/** What it starts inherits this; a launcher's own child may have been quicker. */
function offerToKernel(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(FIRST_TO_GO));
  } catch {
    // It is gone, belongs to another namespace, or there is no /proc here.
  }
}

/** Resident memory of a process and its descendants, KiB; 0 when it is gone. */
async function residentKb(pid: number): Promise<{ usedKb: number; pids: readonly number[] }> {
  let total = 0;
  const pids = [pid];
  for (let i = 0; i < pids.length && i < DESCENDANTS_MAX; i += 1) {
    const status = await readText(`/proc/${pids[i]}/status`);
    total += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    const children = await readText(`/proc/${pids[i]}/task/${pids[i]}/children`);
    pids.push(...children.split(' ').filter(Boolean).map(Number));
  }
  return { usedKb: total, pids };
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
