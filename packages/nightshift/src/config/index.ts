/**
 * The operator's side of Nightshift: what a configuration file imports, and what turns it into
 * `Settings`. A configuration is trusted code of the operator; what it says is checked all the
 * same, every mistake at once, because it is read at night by nobody.
 */
export { appendFile, webhookPost } from './actions.ts';
export { discord, ntfy, webhook } from './channels.ts';
export { defaultConfig } from './default-config.ts';
export { defineConfig, env } from './define-config.ts';
export { anthropic, extractive, ollama, openai, openaiCompatible } from './models.ts';
export { parseConfig } from './parse-config.ts';
export type { ParseOptions } from './parse-config.ts';
export type {
  ActionInput,
  AgentInput,
  AlertsInput,
  AllowInput,
  BrakeInput,
  BudgetInput,
  ChannelInput,
  ConfigInput,
  Duration,
  EndpointOptions,
  EnvRef,
  ModelInput,
  PriceInput,
  RulesInput,
  TimesInput,
} from './settings-input.ts';
