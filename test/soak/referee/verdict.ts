/** What one check found. */
export interface Verdict {
  /** The invariant, such as `I1`. */
  readonly id: string;
  /** What was looked at, in words. */
  readonly what: string;
  /** What was counted, by name. */
  readonly counted: Readonly<Record<string, number>>;
  /** One sentence each. Empty when the promise held. */
  readonly violations: readonly string[];
}
