import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** A command's file: adds arguments, options, examples and the action. Loaded when it is chosen. */
export interface CommandModule {
  define(command: Command, cli: Cli): void;
}

export interface CatalogEntry {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: true;
  load(): Promise<CommandModule>;
}

/** Every command in the order of `--help`. Only names and summaries: the files are loaded late. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'init',
    summary: 'write a starter project',
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'check',
    summary: 'check the configuration; say everything that is wrong with it',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'doctor',
    summary: 'look at this machine and this installation',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'migrate',
    summary: 'bring the databases to the schema of this version',
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'up',
    summary: 'run the three services in the foreground',
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'run',
    summary: 'run one agent once, under the same gates, then exit',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'watch',
    summary: 'one pass of the watchdog, where cron starts everything',
    load: () => import('./commands/watch.ts'),
  },
  {
    name: 'enqueue',
    summary: 'put one job into the queue',
    load: () => import('./commands/enqueue.ts'),
  },
  {
    name: 'status',
    summary: 'what is going on, in one screen',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'jobs',
    summary: 'list, show and cancel jobs',
    load: () => import('./commands/jobs.ts'),
  },
  {
    name: 'dlq',
    summary: 'the dead letter queue: list, show, redrive',
    load: () => import('./commands/dlq.ts'),
  },
  {
    name: 'slots',
    summary: 'what became of each due slot',
    load: () => import('./commands/slots.ts'),
  },
  {
    name: 'reports',
    summary: 'list and show what agents reported',
    load: () => import('./commands/reports.ts'),
  },
  {
    name: 'drafts',
    summary: 'actions that wait for a person: list, show, approve, reject',
    load: () => import('./commands/drafts.ts'),
  },
  {
    name: 'spend',
    summary: 'budget windows, totals, export, corrections, and a check of the ledger',
    load: () => import('./commands/spend.ts'),
  },
  {
    name: 'budget',
    summary: 'let today cost more',
    load: () => import('./commands/budget.ts'),
  },
  {
    name: 'prices',
    summary: 'what a model costs, and why',
    load: () => import('./commands/prices.ts'),
  },
  {
    name: 'clock',
    summary: 'accept the clock after it was set',
    load: () => import('./commands/clock.ts'),
  },
  {
    name: 'value',
    summary: 'what the agents saved and cost',
    load: () => import('./commands/value.ts'),
  },
  {
    name: 'nights',
    summary: 'what the last days were, and whether they needed anybody',
    load: () => import('./commands/nights.ts'),
  },
  {
    name: 'halt',
    summary: 'stop everything: no new call, nothing starts again until resume',
    load: () => import('./commands/halt.ts'),
  },
  {
    name: 'resume',
    summary: 'end a halt',
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'agents',
    summary: 'list, pause and resume agents',
    load: () => import('./commands/agents.ts'),
  },
  {
    name: 'breaker',
    summary: 'circuit breakers of the endpoints: list, reset',
    load: () => import('./commands/breaker.ts'),
  },
  {
    name: 'alerts',
    summary: 'incidents the watchdog has raised: list, show, acknowledge; test the channels',
    load: () => import('./commands/alerts.ts'),
  },
  {
    name: 'drill',
    summary: 'trip a safety on purpose, look whether it holds, keep the evidence',
    load: () => import('./commands/drill.ts'),
  },
  {
    name: 'logs',
    summary: 'read and follow the logs of the services',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'backup',
    summary: 'copy everything into one file, while it runs',
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'restore',
    summary: 'put a backup in the place of a stopped installation',
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'install',
    summary: 'make it run on this machine: systemd, launchd or cron',
    load: () => import('./commands/install.ts'),
  },
  {
    name: 'uninstall',
    summary: 'stop and remove what install wrote; the state stays',
    load: () => import('./commands/uninstall.ts'),
  },
  {
    name: 'completion',
    summary: 'what makes your shell complete commands',
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'start',
    summary: 'the first look: one digest and one runaway on a throw-away state',
    hidden: true,
    load: () => import('./commands/start.ts'),
  },
];
