/**
 * The sandbox: one disposable child per attempt at a job. Agent code never runs in a trusted
 * process; it runs in a child under Node's permission model with no network, no keys, no database
 * and an empty environment, and everything it may do is a call over our own framed channel
 * (`channel/`), answered by the worker's `Capabilities`.
 *
 * `parent/` starts the child, vets what it may read, keeps it to protocol, deadline and memory, and
 * returns only when its whole process group is dead. `child/` is what runs inside. `launcher.ts` is
 * the port for stronger walls around the same child; `probe/` proves, with the exact flags, that
 * each known way out is closed. Node itself calls its permission model a seat belt and not a jail:
 * it stops code that means well and goes wrong, and most of what hostile code tries.
 */
export { chooseLauncher } from './choose-launcher.ts';
export type { ChosenLauncher } from './choose-launcher.ts';
export type { ChildJob, ChildModel } from './channel/protocol.ts';
export type { Launcher, LauncherName, LaunchSpec } from './launcher.ts';
export { bwrapLauncher } from './launchers/bwrap.ts';
export { directLauncher } from './launchers/direct.ts';
export { gitGrants } from './parent/git-grants.ts';
export type { GitGrant } from './parent/git-grants.ts';
export type { ChildGrants } from './parent/grants.ts';
export type { OutputLimits, OutputStream } from './parent/output-lines.ts';
export { runChild } from './parent/run-child.ts';
export type { ChildLimits, RunChildOptions } from './parent/options.ts';
export { vetRead } from './parent/vet.ts';
export { probeSandbox } from './probe/probe-sandbox.ts';
export type { ProbeOptions, ProbeReport } from './probe/probe-sandbox.ts';
