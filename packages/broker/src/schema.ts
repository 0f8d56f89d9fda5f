import type { z } from 'zod';
import { jsonPath } from './json-body.ts';
import { denied } from './refusals.ts';

type Issue = z.core.$ZodIssue;

/**
 * Validates a body against a wire's schema.
 *
 * @throws RefusedError `request-denied` that names the JSON path of the first unknown or wrong field.
 */
export function checkShape<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, issue } = deepest(result.error.issues, []);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    throw denied(jsonPath([...path, key]), 'is not a field that this wire allows');
  }
  throw denied(jsonPath(path), issue.message);
}

/**
 * The issue that says most: inside a union the branch that got furthest is the one that was meant,
 * and a field nobody knows says more than a type that did not fit.
 */
function deepest(
  issues: readonly Issue[],
  base: readonly PropertyKey[],
): { path: readonly PropertyKey[]; issue: Issue } {
  const all = issues.map((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code !== 'invalid_union') return { path, issue };
    const branches = issue.errors.filter((errors) => errors.length > 0);
    if (branches.length === 0) return { path, issue };
    return branches
      .map((errors) => deepest(errors, path))
      .reduce((best, next) => (next.path.length > best.path.length ? next : best));
  });
  // Of a part that is of another kind, the kind says more than the fields that come with it.
  const kind = all.find(({ path }) => path.at(-1) === 'type');
  return kind ?? all.find(({ issue }) => issue.code === 'unrecognized_keys') ?? all[0]!;
}
