// Replaces node:os in the bundle of the command line; scripts/build-ts.mjs substitutes it. A successful start does not
// use it, and Node would compile the module on loading.
type Os = typeof import('node:os');

const nodeOs = (): Os => process.getBuiltinModule('node:os');

export const constants: Pick<Os['constants'], 'signals'> = {
  get signals() {
    return nodeOs().constants.signals;
  },
};

export const homedir: Os['homedir'] = () => nodeOs().homedir();

export const release: Os['release'] = () => nodeOs().release();
