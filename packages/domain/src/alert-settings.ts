import type { SecretRef } from './settings.ts';

/** A way to reach a person. */
export type ChannelSettings =
  | {
      readonly kind: 'ntfy';
      readonly name: string;
      readonly server: string;
      readonly topic: SecretRef | string;
      readonly token: SecretRef | null;
    }
  | { readonly kind: 'discord'; readonly name: string; readonly webhook: SecretRef | string }
  | {
      /** POSTs each message as JSON, signed with `secret` where there is one. */
      readonly kind: 'webhook';
      readonly name: string;
      readonly url: SecretRef | string;
      readonly secret: SecretRef | null;
    };

/** Who is told, of what, and who tells that nobody tells. */
export interface AlertSettings {
  readonly channels: readonly ChannelSettings[];
  /** A check URL outside of this machine: it raises the alarm when nobody asks it any more. */
  readonly deadman: SecretRef | string | null;
  /** Minute of the operator's day, from 0, at which the daily summary is sent; null for never. */
  readonly dailySummaryMinute: number | null;
  /** When the summary of the week is sent, in the operator's zone; null for never. */
  readonly weeklySummary: WeeklyTime | null;
  readonly rules: RuleSettings;
}

/** A moment that comes once a week. */
export interface WeeklyTime {
  /** 1 for Monday to 7 for Sunday, as ISO 8601 counts them. */
  readonly weekday: number;
  /** Minute of that day, from 0. */
  readonly minute: number;
}

/** What a rule about money does besides telling: nothing, pause the agent, or halt everything. */
export type BrakeSetting = 'none' | 'agent' | 'all';

/** What the rules compare with, by the id of the rule. */
export interface RuleSettings {
  /** Beyond the time limit of the agent. */
  readonly 'job-overdue': { readonly afterMs: number };
  readonly 'schedule-missed': { readonly afterMs: number };
  /** The brake is put on when a whole window is spent. */
  readonly 'spend-window': { readonly halt: BrakeSetting };
  /** How many times its usual hour an agent may cost. */
  readonly 'spend-rate': { readonly factor: number; readonly halt: BrakeSetting };
  readonly 'estimate-breached': { readonly halt: BrakeSetting };
  readonly 'dlq-growing': { readonly perHour: number };
  readonly 'queue-lag': { readonly afterMs: number };
  readonly 'holds-leaking': { readonly afterMs: number };
  readonly 'disk-low': {
    readonly freeMb: number;
    readonly freeInodes: number;
    readonly walMb: number;
  };
  /** Starts of one service within ten minutes. */
  readonly 'crash-loop': { readonly starts: number };
  readonly 'clock-jump': { readonly afterMs: number };
  /** Jobs that wait for a budget window. */
  readonly 'cap-waits': { readonly jobs: number };
  /** Attempts of one agent to reach what it was never given. */
  readonly 'egress-denied': { readonly perDay: number };
  readonly 'drafts-waiting': { readonly afterMs: number };
  readonly 'drill-overdue': { readonly afterMs: number };
  readonly 'halted-long': { readonly afterMs: number };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Each is argued in the section of RUNBOOK.md that has the rule's name. */
export const DEFAULT_RULES: RuleSettings = {
  'job-overdue': { afterMs: 2 * MINUTE },
  'schedule-missed': { afterMs: 5 * MINUTE },
  'spend-window': { halt: 'none' },
  'spend-rate': { factor: 5, halt: 'none' },
  'estimate-breached': { halt: 'none' },
  'dlq-growing': { perHour: 5 },
  'queue-lag': { afterMs: 15 * MINUTE },
  'holds-leaking': { afterMs: 35 * MINUTE },
  'disk-low': { freeMb: 512, freeInodes: 5_000, walMb: 256 },
  'crash-loop': { starts: 5 },
  'clock-jump': { afterMs: 5 * MINUTE },
  'cap-waits': { jobs: 1 },
  'egress-denied': { perDay: 5 },
  'drafts-waiting': { afterMs: 12 * HOUR },
  'drill-overdue': { afterMs: 90 * 24 * HOUR },
  'halted-long': { afterMs: 12 * HOUR },
};

/** Nobody is told; the rules are what they are. */
export const DEFAULT_ALERTS: AlertSettings = {
  channels: [],
  deadman: null,
  dailySummaryMinute: null,
  weeklySummary: null,
  rules: DEFAULT_RULES,
};
