/** What the digest is asked to look at. */
export interface DigestInput {
  /** Folders of repositories, relative to the configuration; each must be in `allow.git`. */
  readonly repos: readonly string[];
}

/** Checks the input of the configuration or of `--input`. @throws TypeError with the path. */
export function parseInput(input: unknown): DigestInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError('input: expected an object such as { "repos": ["."] }');
  }
  const { repos = ['.'], ...unknown } = input as { repos?: unknown };
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw new TypeError(`input.${extra}: the digest does not know this`);
  if (!Array.isArray(repos) || repos.length === 0) {
    throw new TypeError('input.repos: expected at least one folder');
  }
  repos.forEach((repo: unknown, i) => {
    if (typeof repo !== 'string' || repo === '') {
      throw new TypeError(`input.repos[${i}]: expected the path of a folder`);
    }
  });
  return { repos: repos as string[] };
}
