/** Types of `face.mjs`. */
export declare class Face {
  static create(path: string, wall: number, rate: number): Face;
  readonly path: string;
  readonly rate: number;
  now(): number;
  monotonic(): number;
  setRate(rate: number): void;
  leap(ms: number): void;
  step(ms: number): void;
  close(): void;
}
