/** Evaluated before everything else that extension.ts imports: when loading began. */
export const loadStart = performance.now();
