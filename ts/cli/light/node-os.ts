// Stands in for node:os in the bundle of the command line; scripts/build-ts.mjs puts it there. A start that goes well
// wants nothing of it, and Node compiles that module when it is loaded.
type Os = typeof import('node:os');

const whole = (): Os => process.getBuiltinModule('node:os');

export const constants: Pick<Os['constants'], 'signals'> = {
  get signals() {
    return whole().constants.signals;
  },
};

export const homedir: Os['homedir'] = () => whole().homedir();

export const release: Os['release'] = () => whole().release();
