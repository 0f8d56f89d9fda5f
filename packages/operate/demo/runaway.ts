import { defineAgent } from 'nightshift';

/**
 * An agent that never stops by itself: it asks a model again and again, as a loop whose end was
 * forgotten does. It runs like any other agent, in the sandbox and behind the gates; what ends it
 * is the cap.
 */
export default defineAgent(async (ctx, input) => {
  const { url, model } = input as { url: string; model: string };
  for (let round = 1; ; round++) {
    const response = await ctx.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        max_tokens: 400,
        messages: [{ role: 'user', content: `Round ${round}: are you sure? Think again.` }],
      }),
    });
    await response.text();
  }
});
