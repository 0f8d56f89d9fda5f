/** Says whether there is a STOP file. One that cannot be looked at counts as there. */
export type StopFile = () => boolean | Promise<boolean>;

/** True when there is a STOP file, or nobody can tell. */
export async function isStopped(stopFile: StopFile): Promise<boolean> {
  try {
    return await stopFile();
  } catch {
    return true;
  }
}
