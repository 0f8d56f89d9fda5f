import { readFile } from 'node:fs/promises';

/**
 * The heap flag does not count buffers, so the whole process is watched too. Linux only: elsewhere
 * /proc is missing and the flag alone holds.
 */
const LOOK_EACH_MS = 250;
/** What Node needs beside the heap: code, stacks, its own buffers (92 MB were seen with `ai`). */
const BESIDE_HEAP_MB = 160;
const DESCENDANTS_MAX = 16;

/** Calls `over` once when `pid` and its descendants hold more than allowed. Returns its stop. */
export function guardMemory(pid: number, memoryMb: number, over: () => void): () => void {
  const limitKb = (memoryMb + BESIDE_HEAP_MB) * 1_024;
  let stopped = false;
  const look = async (): Promise<void> => {
    const usedKb = await residentKb(pid);
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

/** Resident memory of a process and its descendants, KiB; 0 when it is gone. */
async function residentKb(pid: number): Promise<number> {
  let total = 0;
  const pids = [pid];
  for (let i = 0; i < pids.length && i < DESCENDANTS_MAX; i += 1) {
    const status = await readText(`/proc/${pids[i]}/status`);
    total += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    const children = await readText(`/proc/${pids[i]}/task/${pids[i]}/children`);
    pids.push(...children.split(' ').filter(Boolean).map(Number));
  }
  return total;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
