/** Bundle of internals.ts, below the package's root, from where the addon is found. */
export const internalsFile = 'build-bench/internals.mjs';
