/**
 * Rules of an agent's context that hold wherever it runs: in a sandboxed child and in a test. Loaded
 * in every child, so it imports nothing but Node.
 */
export { AgentError } from './agent-error.ts';
export { checkReport } from './check-report.ts';
export { Steps } from './steps.ts';
export type { StepStore } from './steps.ts';
export { toJson } from './to-json.ts';
