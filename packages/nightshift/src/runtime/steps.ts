import { AsyncLocalStorage } from 'node:async_hooks';
import type { Json } from '@nightshift/domain';
import { AgentError } from './agent-error.ts';
import { toJson } from './to-json.ts';

/** Where results of completed steps are kept. */
export interface StepStore {
  stepResult(name: string): Promise<{ found: false } | { found: true; result: Json }>;
  completeStep(name: string, result: Json): Promise<unknown>;
}

interface Scope {
  readonly step: string;
  calls: number;
}

const NAME_MAX = 200;

/** Steps of this attempt, and which one a call is made in. */
export class Steps {
  readonly #store: StepStore;
  readonly #scopes = new AsyncLocalStorage<Scope>();
  readonly #outside: Scope = { step: '', calls: 0 };
  readonly #names = new Set<string>();

  constructor(store: StepStore) {
    this.#store = store;
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
    const stored = await this.#store.stepResult(name);
    if (stored.found) return stored.result as T;
    const value = await this.#scopes.run({ step: name, calls: 0 }, fn);
    const result = toJson(value, `the result of step "${name}"`);
    await this.#store.completeStep(name, result);
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
