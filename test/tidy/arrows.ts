/**
 * Who may import whom: the dependency arrows of the architecture, in one table. They are enforced
 * twice: here, file by file and manifest by manifest, and by `turbo boundaries`, which refuses an
 * import that the manifest does not declare or that leaves its package by a relative path.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'packages/domain': [],
  'packages/store': ['domain'],
  'packages/nightshift': ['domain'],
  'packages/schedule': ['domain'],
  'packages/lifecycle': ['nightshift', 'store', 'domain'],
  'packages/queue': ['store', 'domain'],
  'packages/broker': ['store', 'domain'],
  'packages/sandbox': ['nightshift', 'domain'],
  'packages/alerts': ['domain'],
  // Of the broker its prices, the same that the gates ask; and the gates themselves, for drills.
  'packages/operate': [
    'broker',
    'lifecycle',
    'store',
    'schedule',
    'alerts',
    'nightshift',
    'domain',
  ],
  'packages/cli': ['operate', 'lifecycle', 'domain'],
  'packages/digest': ['nightshift'],
  'services/scheduler': ['lifecycle', 'schedule', 'alerts', 'store', 'domain'],
  'services/worker': ['lifecycle', 'queue', 'broker', 'sandbox', 'store', 'domain'],
  'services/watchdog': ['lifecycle', 'alerts', 'store', 'domain'],
  'test/fakes': [],
  'test/support': [],
};

/** The only folders in which a library may be imported. A library that is not here has no home. */
export const FENCES: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['packages/store'],
  liteque: ['packages/queue'],
  'drizzle-orm': ['packages/queue'],
  pino: ['packages/lifecycle'],
  'node-cron': ['packages/schedule'],
  cronstrue: ['packages/schedule'],
  undici: ['packages/broker', 'packages/alerts'],
  zod: ['packages/nightshift', 'packages/broker'],
  commander: ['packages/cli'],
  'isomorphic-git': ['packages/digest'],
  feedsmith: ['packages/digest'],
  '@pydantic/genai-prices': ['packages/broker'],
  'robots-parser': ['packages/broker'],
  ai: ['packages/sandbox/src/child', 'packages/digest'],
  '@ai-sdk/anthropic': ['packages/sandbox/src/child'],
  '@ai-sdk/openai': ['packages/sandbox/src/child'],
  '@ai-sdk/openai-compatible': ['packages/sandbox/src/child'],
  // Types only in `nightshift`: importing it must stay light.
  '@ai-sdk/provider': ['packages/sandbox/src/child', 'packages/nightshift'],
};

/** Libraries that only tests may import: runners, and the stock clients a payload would use. */
export const TEST_ONLY = [
  'vitest',
  'croner',
  'fast-check',
  'openai',
  'ollama',
  '@anthropic-ai/sdk',
  '@nightshift/fakes',
  '@nightshift/support',
];

/**
 * What a package's tests may use beside its own arrows: a real store is a better test than a twin of
 * it. Not for these packages themselves, which would then stand in a circle.
 */
export const FOR_TESTS_TOO: readonly string[] = ['lifecycle', 'nightshift', 'store', 'domain'];

/** `packages/store/src/x.ts` -> `packages/store`; undefined outside the workspace packages. */
export function packageOf(path: string): string | undefined {
  const folder = path.split('/').slice(0, 2).join('/');
  return folder in ARROWS ? folder : undefined;
}

/** `@nightshift/store/tickets` -> `packages/store`; undefined for what is not ours. */
export function folderOfName(specifier: string): string | undefined {
  const name = /^(?:nightshift(?=\/|$)|@nightshift\/([\w-]+))/.exec(specifier);
  if (name === null) return undefined;
  return Object.keys(ARROWS).find((folder) => folder.endsWith(`/${name[1] ?? 'nightshift'}`));
}
