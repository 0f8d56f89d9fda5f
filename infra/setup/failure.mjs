/** A set-up that cannot go on: what is wrong, what to do, and what to exit with. */
export class SetupError extends Error {
  constructor(message, fix, exitCode = 1) {
    super(message);
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** Prints the error in the form all of Nightshift uses, and returns the exit code. */
export function printError(error) {
  const known = error instanceof SetupError ? error : explain(String(error?.message ?? error));
  process.stderr.write(`nightshift: setup: ${known.message}\n  fix: ${known.fix}\n`);
  return known.exitCode;
}

const AGAIN = 75;
const MACHINE = 78;

/** What an installer prints, what it means, what to do about it. The first match counts. */
const KNOWN = [
  [
    /lib(\w+)\.so\.(\d+): cannot open shared object file/,
    (match) =>
      new SetupError(
        `the installed Node needs the system library lib${match[1]}.so.${match[2]}`,
        `apt-get install lib${match[1]}${match[2]} (Debian, Ubuntu), or dnf install lib${match[1]}`,
        MACHINE,
      ),
  ],
  [
    /spawn \S*npx ENOENT/,
    () =>
      new SetupError(
        'npx was not found',
        'install npm, which comes with Node (Debian: apt-get install npm), then run this again',
        MACHINE,
      ),
  ],
  [
    /ERR_PNPM_OUTDATED_LOCKFILE|frozen-lockfile.*not up to date/,
    () =>
      new SetupError(
        'pnpm-lock.yaml does not match the package.json files',
        'npx pnpm install, and commit pnpm-lock.yaml',
      ),
  ],
  [
    /ENOSPC/,
    () => new SetupError('the disk is full', 'free about 600 MB, then run this again', AGAIN),
  ],
  [
    /(?:EACCES|EPERM|EROFS)[^\n]*/,
    (match) =>
      new SetupError(
        `no permission to write here (${match[0].trim()})`,
        'run it as the owner of this folder, or clone into a folder of your own',
        MACHINE,
      ),
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|self.signed certificate/i,
    () =>
      new SetupError(
        'the package registry shows a certificate this machine does not trust',
        'set NODE_EXTRA_CA_CERTS to the certificate of your proxy, then run this again',
        MACHINE,
      ),
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT/,
    () =>
      new SetupError(
        'the package registry cannot be reached',
        'check the network or proxy, then run this again; what was downloaded is kept',
        AGAIN,
      ),
  ],
];

/** The reason behind an installer's output, or behind any error message. */
export function explain(output) {
  for (const [pattern, describe] of KNOWN) {
    const match = pattern.exec(output);
    if (match !== null) return describe(match);
  }
  return new SetupError(
    output.includes('\n') ? 'the installer failed' : output,
    'see above; npx pnpm install shows the same at full length',
  );
}
