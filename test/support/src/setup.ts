/** Runs before each test file: no test sees a real key, and none can reach a real host. */
import { connectOnlyToLoopback } from './loopback-only.ts';
import { scrubEnvironment } from './scrub-environment.ts';

scrubEnvironment(process.env);
connectOnlyToLoopback();
