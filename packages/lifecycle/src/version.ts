import manifest from '../package.json' with { type: 'json' };

/** Version of this installation, as instances and logs carry it. */
export const VERSION: string = manifest.version;
