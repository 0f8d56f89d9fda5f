/**
 * The same port, over which a process dies: the write for which `dies` answers true throws, and so
 * does every one after it. `nth` counts the calls of `writes`, from 1; other methods always work.
 */
export function dying<Port extends object>(
  port: Port,
  writes: readonly (keyof Port)[],
  dies: (method: keyof Port, nth: number) => boolean,
): Port {
  let nth = 0;
  let dead = false;
  return new Proxy(port, {
    get(target, name) {
      const method = target[name as keyof Port] as (...args: unknown[]) => unknown;
      if (!writes.includes(name as keyof Port)) return method.bind(target);
      return async (...args: unknown[]) => {
        nth += 1;
        dead ||= dies(name as keyof Port, nth);
        if (dead) throw new Error('the process is dead');
        return method.apply(target, args);
      };
    },
  });
}
