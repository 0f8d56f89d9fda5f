import { describeStore } from '../../test/describe-store.ts';
import { SQLITE } from '../../test/engine.ts';

/** Lives of about a hundred steps: some thousands of steps here, many more each night. */
describeStore(SQLITE, Number(process.env['STORE_LIVES'] ?? 24));
