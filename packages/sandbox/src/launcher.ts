/** How a child is started. Implementations: `launchers/direct.ts`, `launchers/bwrap.ts`. */
export interface Launcher {
  readonly name: LauncherName;
  /** The program that ends up running `spec`. Pure: it starts nothing. */
  command(spec: LaunchSpec): { readonly file: string; readonly args: readonly string[] };
}

export type LauncherName = 'direct' | 'bwrap';

/** One child, before the launcher wraps it. */
export interface LaunchSpec {
  /** Node, and its arguments with the child's main file last. */
  readonly file: string;
  readonly args: readonly string[];
  /** Absolute real paths. Some may not exist. */
  readonly read: readonly string[];
  readonly scratch: string;
  readonly cwd: string;
}
