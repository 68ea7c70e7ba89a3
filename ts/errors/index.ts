export { catalogue, type ErrorCode } from './catalogue.ts';
export { type ErrorOptions, LaunchError, type LaunchFacts, RequestError, RunError, type RunFacts } from './errors.ts';
export type { Limit, Usage } from './usage.ts';
