/** What an escape would reach, made by the probe in its own folder outside of the child's grants. */
export interface ProbeTargets {
  /** A loopback port where the probe listens, TCP and UDP. */
  readonly port: number;
  readonly unixSocket: string;
  readonly envFile: string;
  readonly codeFile: string;
  readonly databaseFile: string;
  readonly folder: string;
  /** A path that does not exist and may not be written. */
  readonly newFile: string;
}

/** How one attempt ended: `reached` is an escape. */
export interface ProbeResult {
  readonly name: string;
  readonly reached: boolean;
  /** The error that stopped it, or what it reached. */
  readonly detail: string;
}
