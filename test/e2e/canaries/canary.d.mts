export declare function canary(name: string): string;
export declare function canaryKey(name: string, bytes: number): string;
export declare const canaryNames: readonly string[];
