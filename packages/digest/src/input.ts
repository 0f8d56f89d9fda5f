/** What the digest is asked to look at. */
export interface DigestInput {
  /** Folders of repositories, relative to the configuration; each must be in `allow.git`. */
  readonly repos: readonly string[];
  /** Addresses of RSS, Atom or JSON feeds; their hosts must be in `allow.hosts`. Default none. */
  readonly feeds: readonly string[];
}

/** Feeds of one digest: each is at least one request to somebody else's server. */
const FEEDS_MAX = 50;

/** Checks the input of the configuration or of `--input`. @throws TypeError with the path. */
export function parseInput(input: unknown): DigestInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError('input: expected an object such as { "repos": ["."] }');
  }
  const { repos: given, feeds = [], ...unknown } = input as { repos?: unknown; feeds?: unknown };
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw new TypeError(`input.${extra}: the digest does not know this`);
  checkFeeds(feeds);
  // Who names only feeds wants only feeds.
  const repos = given ?? (feeds.length === 0 ? ['.'] : []);
  if (!Array.isArray(repos) || (repos.length === 0 && feeds.length === 0)) {
    throw new TypeError('input.repos: expected at least one folder');
  }
  repos.forEach((repo: unknown, i) => {
    if (typeof repo !== 'string' || repo === '') {
      throw new TypeError(`input.repos[${i}]: expected the path of a folder`);
    }
  });
  return { repos: repos as string[], feeds };
}

function checkFeeds(feeds: unknown): asserts feeds is string[] {
  if (!Array.isArray(feeds) || feeds.length > FEEDS_MAX) {
    throw new TypeError(`input.feeds: expected at most ${FEEDS_MAX} addresses`);
  }
  feeds.forEach((feed: unknown, i) => {
    const url = typeof feed === 'string' ? URL.parse(feed) : null;
    if (url !== null && /^https?:$/.test(url.protocol) && url.username === '') return;
    throw new TypeError(`input.feeds[${i}]: expected an address such as https://example.org/feed`);
  });
}
