import { toError, type SecretRef } from '@nightshift/domain';
import { WrongValue } from './mistakes.ts';
import { kindOf, string } from './values.ts';

/** Looks a secret up, to tell that it is missing; null when it is. */
export type ResolveSecret = (ref: SecretRef) => string | null;

/** A secret by name. The value itself is refused: configurations end up in repositories. */
export function secret(resolve?: ResolveSecret): (value: unknown) => SecretRef {
  return (value) => {
    if (!isEnvRef(value)) {
      const is = typeof value === 'string' ? 'written out' : kindOf(value);
      throw new WrongValue(`is ${is}: write env('NAME') and set NAME in the environment`);
    }
    const name = string(value.env, "a name, as in env('NAME')");
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      // Not shown: whoever takes env() for a wrapper writes the key itself.
      throw new WrongValue("what env() holds is no name of a variable: write env('NAME')");
    }
    if (resolve !== undefined && lookUp(resolve, name) === null) {
      throw new WrongValue(`${name} is not set, and neither is ${name}_FILE`);
    }
    return { env: name };
  };
}

/** A secret by name, or text that `read` accepts. */
export function secretOr(
  read: (value: unknown) => string,
  resolve?: ResolveSecret,
): (value: unknown) => SecretRef | string {
  const named = secret(resolve);
  return (value) => (typeof value === 'string' || value === undefined ? read(value) : named(value));
}

function isEnvRef(value: unknown): value is { readonly env: unknown } {
  return (
    typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'env'
  );
}

function lookUp(resolve: ResolveSecret, name: string): string | null {
  try {
    return resolve({ env: name });
  } catch (error) {
    throw new WrongValue(toError(error).message);
  }
}
