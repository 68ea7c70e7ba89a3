// What the benchmark measures below the API; bundled by build.ts, so that TypeScript's loader stays out of the numbers.

export { launch } from '../../ts/launch/launch.ts';
export { prepareForm } from '../../ts/launch/prepared-start.ts';
export { loadNative } from '../../ts/native/binding.ts';
