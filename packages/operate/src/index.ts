/**
 * What an operator can do, one use case a file: typed input, typed result, an actor for the audit,
 * no printing and no exit code of a process. The command prints these; a page will serve them.
 *
 * `installation.ts` is what every use case is given: configuration, state folder, databases, each
 * opened when first asked for, so that `halt` works with a broken configuration and `check` without
 * a database. `supervise/` and `service-process.ts` start services as processes; no service is ever
 * imported.
 */
export { listAgents, pauseAgent, requireAgent, resumeAgent } from './agents.ts';
export type { AgentState } from './agents.ts';
export { ackAlert, listAlerts, showAlert, testChannels } from './alerts.ts';
export type { AlertDetail, ChannelTest } from './alerts.ts';
export { backup } from './backup/backup.ts';
export type { BackupResult } from './backup/backup.ts';
export { restore } from './backup/restore.ts';
export type { RestoreResult } from './backup/restore.ts';
export { blastRadius } from './blast-radius.ts';
export { listBreakers, resetBreaker } from './breakers.ts';
export { checkConfiguration } from './check.ts';
export type { CheckResult } from './check.ts';
export { drop, dropAll, listDeadLetters, redrive, redriveAll } from './dead-letters.ts';
export type { DeadLetterFilter } from './dead-letters.ts';
export { examine } from './doctor.ts';
export type { Examination } from './doctor.ts';
export { approveDraft, listDrafts, rejectDraft, showDraft } from './drafts.ts';
export type { DraftView } from './drafts.ts';
export { DRILL_ORDER, drillsSince, runDrill } from './run-drill.ts';
export type { DrillRequest, DrillResult } from './run-drill.ts';
export { enqueue } from './enqueue.ts';
export type { EnqueueRequest, EnqueueResult } from './enqueue.ts';
export { halt } from './halt.ts';
export type { HaltRequest, HaltResult } from './halt.ts';
export { readHalt } from './halt-state.ts';
export type { Halt } from './halt-state.ts';
export type { InFlight } from './in-flight.ts';
export { STARTER_DEFAULTS, init } from './init/init.ts';
export type { InitResult } from './init/init.ts';
export { STARTER_CHANNELS, STARTER_MODELS } from './init/starter-files.ts';
export type { StarterChannel, StarterChoices, StarterModel } from './init/starter-files.ts';
export { install, planInstall } from './install/install.ts';
export type { InstallResult } from './install/install.ts';
export type { SupervisorKind } from './install/plan.ts';
export { uninstall } from './install/registration.ts';
export { openInstallation } from './installation.ts';
export type { Installation, InstallationRequest } from './installation.ts';
export { cancelJob, listJobs, showJob } from './jobs.ts';
export type { JobDetail } from './jobs.ts';
export { LOGGING_SERVICES, followLogs, readLogs } from './logs.ts';
export type { LogFilter } from './logs.ts';
export { LEVELS } from './logs/log-line.ts';
export type { LogLine } from './logs/log-line.ts';
export { migrateDatabases } from './migrate.ts';
export type { MigrateResult } from './migrate.ts';
export { explainPrices } from './prices.ts';
export type { PriceAnswer } from './prices.ts';
export { acceptClock, correctSpend, raiseBudget } from './remedies.ts';
export { readNights } from './nights.ts';
export type { Nights } from './nights.ts';
export type { NightAlert, NightDay } from './nights/judge.ts';
export { listReports, showReport } from './reports.ts';
export { resume } from './resume.ts';
export type { ResumeResult } from './resume.ts';
export { runOnce } from './run.ts';
export type { RunRequest, RunResult } from './run.ts';
export { serviceCommand, serviceMain } from './service-process.ts';
export type { Supervised } from './service-process.ts';
export { listSlots } from './slots.ts';
export { exportSpend } from './spend-export.ts';
export { spendTotals, spendWindows, verifySpend } from './spend.ts';
export { VALUE_PERIOD_MS, readStatus, statusProblems } from './status.ts';
export type { ServiceStatus, Status } from './status.ts';
export { DEMO_VALUE } from './start/demo-config.ts';
export { openFirstLook } from './start/first-look.ts';
export type { FirstLook } from './start/first-look.ts';
export { ledgerTotals } from './start/runaway-totals.ts';
export type { LedgerTotals } from './start/runaway-totals.ts';
export type { ServiceEnd } from './supervise/restart-policy.ts';
export { Supervisor } from './supervise/supervisor.ts';
export type { SupervisorEvents } from './supervise/supervisor.ts';
export { up } from './up.ts';
export { watchOnce } from './watch-once.ts';
export { readValue, valueSince } from './value.ts';
export type { ValueTrend } from './value.ts';
