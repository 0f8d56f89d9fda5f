#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Compiled modules are kept beside the installed packages, not in a folder that every user of the
// machine may write: whoever could write there would run code here. Failure only costs time.
enableCompileCache(
  fileURLToPath(new URL('../../../node_modules/.cache/nightshift', import.meta.url)),
);

const { runCommandLine } = await import('./program.ts');
process.exitCode = await runCommandLine(process.argv.slice(2));
