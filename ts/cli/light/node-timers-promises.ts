// Replaces node:timers/promises in the bundle of the command line; scripts/build-ts.mjs substitutes it. Waiting is
// rare, so the module is loaded on use.
type Timers = typeof import('node:timers/promises');

export const setTimeout: Timers['setTimeout'] = (...given) =>
  process.getBuiltinModule('node:timers/promises').setTimeout(...given);
