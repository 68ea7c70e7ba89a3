// What the benchmark measures below the API; bundled by build.ts, so that TypeScript's loader stays out of the numbers.

export { launch } from '../../ts/launch/launch.ts';
export { loadNative } from '../../ts/native/binding.ts';
export { encoded } from '../../ts/plan/encoded.ts';
