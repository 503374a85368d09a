export declare const makeCaches: (node: string, dist: string, scratch: string, isSettled: boolean) => void;
