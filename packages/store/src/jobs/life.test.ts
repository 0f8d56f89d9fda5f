import { describeStore } from '../../test/describe-store.ts';
import { SQLITE } from '../../test/engine.ts';

describeStore(SQLITE, 40);
