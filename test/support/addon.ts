import { resolve } from 'node:path';

/** The addon under test. */
export const addonFile: string = process.env.ORLOP_NATIVE ?? resolve('build/Release/orlop.node');

const { LD_PRELOAD, ASAN_OPTIONS, ...rest } = process.env;

/** What a program needs in its environment to load the addon when that was built with the sanitizers. */
export const sanitizerEnvironment: NodeJS.ProcessEnv =
  LD_PRELOAD === undefined ? {} : { LD_PRELOAD, ...(ASAN_OPTIONS === undefined ? {} : { ASAN_OPTIONS }) };

/** The environment of programs that are none of ours, without that: dd for one allocates as ASan does not like it. */
export const plainEnvironment: NodeJS.ProcessEnv = rest;
