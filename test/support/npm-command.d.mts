/** The program and the first arguments that run npm, on every system, without a shell. */
export declare const npmCommand: readonly [program: string, ...args: string[]];
