/**
 * What every process does around its work. `runService` is the order of boot: refuse an unsafe
 * runtime, read environment and settings, open the store, write down who this is, beat, then let
 * the service start; and the order of the end: a signal sets a flag, the loop drains within a
 * bounded time while it goes on beating, a second signal exits at once. One loop does everything,
 * so a beat proves that the loop turns.
 *
 * Only here is the environment read, is pino imported, and are processes named and signalled.
 */
export type { ServiceHost } from './boot.ts';
export { beatState } from './beats.ts';
export type { BeatState } from './beats.ts';
export { environmentOf, processEnvironment } from './environment.ts';
export type { Environment } from './environment.ts';
export { errorText } from './error-text.ts';
export { RESTART_DELAY_SEC, serviceEnvironment, serviceFlags } from './flags.ts';
export { HALT_LOOK_MS, haltWatch } from './halt-watch.ts';
export type { HaltWatch } from './halt-watch.ts';
export { CONFIG_NAME, configFileOf, loadSettings } from './load-config.ts';
export type { LoadedSettings, LoadRequest } from './load-config.ts';
export { logFiles, logPath } from './log-file.ts';
export { openLog } from './logger.ts';
export type { Log, LogFields, LogOptions } from './logger.ts';
export { endOwnHalt } from './own-halt.ts';
export { systemProcesses } from './process-identity.ts';
export type { HostIdentity, Liveness, Processes, SignalOutcome } from './process-identity.ts';
export { redactor } from './redact.ts';
export { REGISTRATION_FILE, registeredInstallation, registeredStateDir } from './registered.ts';
export type { Registered } from './registered.ts';
export { checkRuntime } from './runtime.ts';
export { parseServiceArgs } from './service-args.ts';
export type { ServiceArgs } from './service-args.ts';
export type {
  BootContext,
  ServiceContext,
  ServiceDefinition,
  ServiceStore,
  Work,
} from './service-context.ts';
export { VERSION } from './version.ts';
export { resolveEntry } from './resolve-entry.ts';
export { exitCodeOf, runService } from './service.ts';
export { onStopSignals } from './signals.ts';
export { timerSleeper } from './sleeper.ts';
export type { Sleeper } from './sleeper.ts';
export { startStop } from './start-stop.ts';
export type { StartStop } from './start-stop.ts';
export { CAPS_SUPERSEDED, putBudgets } from './put-budgets.ts';
export { createStateDir, stateDir, statePaths, stateDirToBe } from './state-dir.ts';
export type { StatePaths, StateDirRequest } from './state-dir.ts';
export { stopFile } from './stop-file.ts';
export type { StopFile, StopNote } from './stop-file.ts';
