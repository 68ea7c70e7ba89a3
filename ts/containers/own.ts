import { now } from '../linux/clock.ts';
import type { NativeCommand } from '../native/contract.ts';
import { fill, type Own, shortId, type Values, valuesOf } from '../plan/holes.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import { nameFor } from '../resolve/names.ts';
import { commandOf, processOf } from '../resolve/process.ts';
import type { Resolved } from '../resolve/resolve.ts';

/** The values of one container of a prepared start: ID, name, times and command. */
export interface OwnPart {
  readonly id: string;
  readonly name: string;
  readonly values: Values;
  readonly command: NativeCommand;
}

/** Makes the values of a new container, which is started at once or later. */
export function newOwn(
  { record, image, user }: Pick<Resolved, 'record' | 'image' | 'user'>,
  request: RunRequest,
  id: string,
): OwnPart {
  const time = now();
  const own = { id, name: request.name ?? nameFor(id), created: time, started: time };
  const { argv, env } = processOf(request, image.config, user, fill(record.hostname, [id, shortId(id)]));
  return partOf({ ...own, requestArgv: request.argv, requestEnv: request.env, argv, env });
}

/** Makes the values of a recorded container that starts now. */
export function storedOwn({ record }: StoredContainer): OwnPart {
  const { id, name, created, request, process } = record;
  const { argv, env } = process;
  return partOf({ id, name, created, started: now(), requestArgv: request.argv, requestEnv: request.env, argv, env });
}

function partOf(own: Own): OwnPart {
  return { id: own.id, name: own.name, values: valuesOf(own), command: commandOf(own) };
}
