/**
 * The agent that ships with Nightshift: what changed in your repositories since its last report, by
 * whom and where, and what is new in the feeds it was told to follow. It only reads: the history of
 * the repositories it was granted, feeds on the hosts it was granted, and the model's answer where
 * one is configured. `history.ts` and `feeds.ts` read, `change.ts` and `render.ts` are pure, `digest.ts`
 * puts them together in steps, so that a retry reads nothing twice and pays for nothing twice.
 */
export { default } from './digest.ts';
