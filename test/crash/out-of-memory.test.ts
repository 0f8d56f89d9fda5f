import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onCleanup, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from '../processes/support/site.ts';

const TOP = '/sys/fs/cgroup';
/** Room for a worker, and not for what the agent wants. */
const LIMIT_BYTES = 400 * 1024 * 1024;
/** Far beyond that: the guard of the worker never speaks. Without a group it has to. */
const AGENT_MB = { group: 4_096, guard: 256 } as const;

/** A control group in which memory is short. */
interface MemoryGroup {
  add(pid: number): void;
  /** How often the kernel ended something in it. */
  kills(): number;
}

/** By either version of control groups; null where this user may not make one. */
function memoryGroup(name: string): MemoryGroup | null {
  const isSecond = existsSync(path.join(TOP, 'cgroup.controllers'));
  const dir = path.join(TOP, isSecond ? '' : 'memory', name);
  const put = (file: string, text: string) => writeFileSync(path.join(dir, file), text);
  try {
    mkdirSync(dir);
  } catch {
    process.stdout.write('\nno memory group can be made here: the worker itself has to end it\n');
    return null;
  }
  onCleanup(async () => {
    const empty = () => readFileSync(path.join(dir, 'cgroup.procs'), 'utf8') === '';
    await waitUntil(empty, { what: 'an empty group', timeoutMs: 15_000 });
    rmdirSync(dir);
  });
  put(isSecond ? 'memory.max' : 'memory.limit_in_bytes', String(LIMIT_BYTES));
  return {
    add: (pid) => put('cgroup.procs', String(pid)),
    kills() {
      const file = isSecond ? 'memory.events' : 'memory.oom_control';
      return Number(/^oom_kill (\d+)$/m.exec(readFileSync(path.join(dir, file), 'utf8'))?.[1]);
    },
  };
}

test('the kernel ends a greedy child; its worker keeps its pid, and the attempt fails with the reason', async () => {
  const group = memoryGroup(`nightshift-test-${process.pid}`);
  const agentMb = group === null ? AGENT_MB.guard : AGENT_MB.group;
  const site = await openSite(`{
    timezone: 'UTC', sandbox: 'direct', times: ${JSON.stringify(QUICK_TIMES)},
    agents: {
      greedy: { entry: ${JSON.stringify(fixtureAgent('greedy'))}, memoryMb: ${agentMb} },
      modest: { entry: ${JSON.stringify(fixtureAgent('say-hello'))} },
    },
  }`);
  const worker = site.supervise('worker');
  const { pid } = worker.current;
  group?.add(pid);
  const up = async () => (await site.store.instances.running('worker'))[0]?.phase === 'idle';
  await waitUntil(up, { what: 'the worker', timeoutMs: 60_000 });
  const greedy = await site.ended(await site.enqueue('greedy', {}, 1), 120_000);
  expect(group?.kills() ?? 1).toBe(1);
  const code = group === null ? 'out-of-memory' : 'killed';
  expect(greedy).toMatchObject({ state: 'dead', lastError: { code } });
  expect(greedy.lastError?.message).toMatch(/SIGKILL, .* when memory runs out|too much memory/);
  expect(await site.ended(await site.enqueue('modest'))).toMatchObject({ state: 'done' });
  expect({ pid: worker.current.pid, starts: worker.starts }).toEqual({ pid, starts: 1 });
  expect(await worker.stop()).toBe(0);
});
