import { AsyncLocalStorage } from 'node:async_hooks';
import type { Json } from '@nightshift/domain';
import type { Client } from './client.ts';
import { AgentError } from './errors.ts';
import { toJson } from './to-json.ts';

interface Scope {
  readonly step: string;
  calls: number;
}

const NAME_MAX = 200;

/** Steps of this attempt, and which one a call is made in. */
export class Steps {
  readonly #client: Client;
  readonly #scopes = new AsyncLocalStorage<Scope>();
  readonly #outside: Scope = { step: '', calls: 0 };
  readonly #names = new Set<string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Name of the current step ('' outside of any) and the number of this request in it, from 0. */
  nextCall(): { step: string; ordinal: number } {
    const scope = this.#scopes.getStore() ?? this.#outside;
    const ordinal = scope.calls;
    scope.calls += 1;
    return { step: scope.step, ordinal };
  }

  /**
   * The stored result of `name`, or `fn`'s, stored. Both are what JSON makes of it, so that a first
   * run and a repeated one see the same value.
   *
   * @throws AgentError `step-name`, `step-duplicate`, `step-nested`, `not-json`
   */
  async run<T>(name: string, fn: () => T | Promise<T>): Promise<T> {
    this.#check(name);
    this.#names.add(name);
    const stored = (await this.#client.control({ method: 'stepResult', params: { name } })) as
      | { found: false }
      | { found: true; result: Json };
    if (stored.found) return stored.result as T;
    const value = await this.#scopes.run({ step: name, calls: 0 }, fn);
    const result = toJson(value, `the result of step "${name}"`);
    await this.#client.control({ method: 'completeStep', params: { name, result } });
    return result as T;
  }

  #check(name: string): void {
    if (typeof name !== 'string' || name === '' || name.length > NAME_MAX) {
      throw new AgentError('step-name', `a step's name has 1 to ${NAME_MAX} characters`);
    }
    const outer = this.#scopes.getStore();
    if (outer !== undefined) {
      throw new AgentError('step-nested', `step "${name}" is inside step "${outer.step}"`);
    }
    if (this.#names.has(name)) {
      throw new AgentError('step-duplicate', `step "${name}" was already run by this job`);
    }
  }
}
