export { catalogue, type ErrorCode } from './catalogue.ts';
export { type ErrorOptions, LaunchError, type LaunchFacts, RequestError } from './errors.ts';
