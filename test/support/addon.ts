import { resolve } from 'node:path';

/** The addon under test. */
export const addonFile: string = process.env.ORLOP_NATIVE ?? resolve('build/Release/orlop.node');

const { LD_PRELOAD, ASAN_OPTIONS, ...rest } = process.env;

/** Environment for loading an addon that was built with the sanitizers. */
export const sanitizerEnvironment: NodeJS.ProcessEnv =
  LD_PRELOAD === undefined ? {} : { LD_PRELOAD, ...(ASAN_OPTIONS === undefined ? {} : { ASAN_OPTIONS }) };

/** Environment for foreign programs, without the sanitizers: ASan reports allocations of dd, for example. */
export const plainEnvironment: NodeJS.ProcessEnv = rest;
