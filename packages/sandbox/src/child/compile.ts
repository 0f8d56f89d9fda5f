/**
 * Compiles modules into a compile cache without running them: `compile.ts FOLDER URL…`. A module is
 * evaluated only after everything it imports was loaded and compiled, and in the order of imports;
 * so one that throws, imported first, lets all of the rest be compiled and none of it run.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';

const [folder = '', ...urls] = process.argv.slice(2);
enableCompileCache(folder);
for (const [n, url] of urls.entries()) await compile(url, n);
flushCompileCache();

async function compile(url: string, n: number): Promise<void> {
  // Another number is another module: one that threw before would not be loaded again.
  const first = `data:text/javascript,throw ${n}`;
  const both = `import ${JSON.stringify(first)}; import ${JSON.stringify(url)}`;
  // It always throws; what else may be wrong with the module is for its own start to say.
  await import(`data:text/javascript,${encodeURIComponent(both)}`).catch(() => undefined);
}
