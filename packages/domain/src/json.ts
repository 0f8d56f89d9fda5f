/** What JSON can hold. Inputs, step results and report data are exactly this. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };
