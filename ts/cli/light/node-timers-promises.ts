// Stands in for node:timers/promises in the bundle of the command line; scripts/build-ts.mjs puts it there. What waits
// waits for others, which is rare: a start loads no more than it needs.
type Timers = typeof import('node:timers/promises');

export const setTimeout: Timers['setTimeout'] = (...given) =>
  process.getBuiltinModule('node:timers/promises').setTimeout(...given);
