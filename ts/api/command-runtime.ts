import type { RunRequest } from '../request/types.ts';
import type { Container, OrlopRuntime, PlanResult } from './types.ts';

/** The runtime as the command line has it: a command parses its request before it opens the store, and hands that on. */
export interface CommandRuntime extends OrlopRuntime {
  /** Makes a container without starting it, as `create` does. */
  createRequested(request: RunRequest, options: { readonly durable: boolean }): Promise<Container>;
  /** Tells what a run would do, as `plan` does. */
  planRequested(request: RunRequest): Promise<PlanResult>;
}
