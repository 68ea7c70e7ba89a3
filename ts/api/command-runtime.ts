import type { RunRequest } from '../request/types.ts';
import type { Container, OrlopRuntime, PlanResult } from './types.ts';

export interface CreateRequested {
  readonly durable: boolean;
  /** The container is started next. */
  readonly starts?: boolean;
}

/** Runtime for the command line: a command parses its request before it opens the store. */
export interface CommandRuntime extends OrlopRuntime {
  /** Makes a container without starting it, as `create` does. */
  createRequested(request: RunRequest, options: CreateRequested): Promise<Container>;
  /** Describes a run without starting it, as `plan` does. */
  planRequested(request: RunRequest): Promise<PlanResult>;
}
