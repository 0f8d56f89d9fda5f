/** Types of `clock.mjs`. */
export declare function machineMs(): number;
export declare function machineSleep(ms: number): Promise<void>;
