import { EXIT, NightshiftError } from '@nightshift/domain';

/** Where in the configuration: keys and indexes from the top. */
export type Path = readonly (string | number)[];

/** What is wrong with a configuration, collected so that all of it can be said at once. */
export interface Mistakes {
  add(path: Path, message: string): void;
  /** @throws NightshiftError `config-invalid` (78) listing every mistake, if there is one. */
  throwIfAny(file: string | null): void;
}

/** An empty list. */
export function mistakes(): Mistakes {
  const found: string[] = [];
  return {
    add(path, message) {
      const line = path.length === 0 ? message : `${pathText(path)}: ${message}`;
      if (!found.includes(line)) found.push(line);
    },
    throwIfAny(file) {
      if (found.length === 0) return;
      const count = found.length === 1 ? '1 mistake' : `${found.length} mistakes`;
      throw new NightshiftError(
        'config-invalid',
        `${count} in the configuration\n  ${found.join('\n  ')}`,
        {
          at: file ?? 'built-in configuration',
          fix: 'correct the file; nightshift check says when it is right',
          exitCode: EXIT.config,
        },
      );
    },
  };
}

/** `agents.digest.allow.hosts[0]`, quoted where a key is no plain word. */
export function pathText(path: Path): string {
  return path
    .map((part, i) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z_$][\w$-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return i === 0 ? part : `.${part}`;
    })
    .join('');
}

/** A value that is not what it should be; the message is for the person who wrote it. */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
}
