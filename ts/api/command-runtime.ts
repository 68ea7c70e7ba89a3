import type { RunRequest } from '../request/types.ts';
import type { Container, OrlopRuntime, PlanResult } from './types.ts';

/** Runtime for the command line: a command parses its request before it opens the store. */
export interface CommandRuntime extends OrlopRuntime {
  /** Makes a container without starting it, as `create` does. */
  createRequested(request: RunRequest, options: { readonly durable: boolean }): Promise<Container>;
  /** Describes a run without starting it, as `plan` does. */
  planRequested(request: RunRequest): Promise<PlanResult>;
}
