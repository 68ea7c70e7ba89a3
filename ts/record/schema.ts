import * as v from 'valibot';
import { now } from '../linux/clock.ts';
import type { ProcessIdentity } from '../linux/proc.ts';
import type { RunRequest } from '../request/types.ts';
import { recordSchema } from '../store/record.ts';

/** Place of a container's record: on disk, or in the run directory, which a reboot may lose. */
export type Durability = 'durable' | 'ephemeral';

/** Process of the application: the request and the image's configuration, merged and resolved. */
export interface ProcessRecord {
  readonly argv: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** A volume of the store that the container uses. */
export interface VolumeUse {
  readonly name: string;
  readonly target: string;
  /** Bits of `attribute` that are set. */
  readonly attributes: number;
  /** Allocated for this container, and removed with it under `--rm` and `rm -v`. */
  readonly anonymous: boolean;
  /** For people: `volume data`, `image VOLUME`. */
  readonly reason: string;
}

/** A container as recorded. */
export interface StoredContainer {
  readonly record: ContainerRecord;
  /** Confirmed by the kernel: `exited` if the process is gone. */
  readonly state: ContainerState;
  readonly durability: Durability;
}

/** `config.json`. Changes once at most: when a waiting container of a pool becomes the application. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly image: { readonly reference: string; readonly id: string };
  /** ID of the read-write layer, and of its place under `mnt/`. */
  readonly layer: string;
  /** What the container writes is in memory, and its read-write layer in the store is empty: a limit of `disk`. */
  readonly layerInMemory?: boolean | undefined;
  readonly request: RunRequest;
  readonly process: ProcessRecord;
  /** The bounding set: what a process of the container can have. An older version recorded none. */
  readonly capabilities?: readonly string[] | undefined;
  readonly volumes: readonly VolumeUse[];
  readonly hostname: string;
}

/** `state.json`. */
export interface ContainerState {
  readonly version: 1;
  readonly status: 'created' | 'running' | 'exited';
  /**
   * PID of the application and its start time (clock ticks since boot, /proc/PID/stat). Null unless the container runs,
   * or waits in a pool.
   */
  readonly pid: number | null;
  readonly startTime: string | null;
  /** 128 + n when signal n killed the application, 255 if no process observed the exit; null before the exit. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /**
   * Program that starts the container and records its exit. A recovery kills a running container whose owner is dead,
   * and removes an ephemeral one. Null unless the container is ephemeral, is being started, runs, or has ended without a
   * record of the exit.
   */
  readonly owner: ProcessIdentity | null;
}

const text = v.string();
const texts = v.array(text);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * Schema of the request, which orlop wrote after checking it. Only the fields without which a mount would silently lose
 * its restrictions are checked again.
 */
const mounts = v.array(v.looseObject({ attributes: count }));
const request = v.pipe(
  v.custom<RunRequest>((value) => v.is(v.looseObject({ image: text, mounts, tmpfs: mounts }), value)),
  // An older version recorded no limits.
  v.transform((recorded): RunRequest => ({ ...recorded, limits: recorded.limits ?? {} })),
);

export const containerSchema = recordSchema(() =>
  v.object({
    version: v.literal(1),
    id: v.pipe(text, v.regex(/^[0-9a-f]{64}$/)),
    name: text,
    created: text,
    image: v.object({ reference: text, id: text }),
    layer: v.pipe(text, v.regex(/^[0-9a-f]{64}$/)),
    layerInMemory: v.optional(v.boolean()),
    request,
    process: v.object({ argv: texts, env: texts, cwd: text, uid: count, gid: count, groups: v.array(count) }),
    capabilities: v.optional(texts),
    volumes: v.array(v.object({ name: text, target: text, attributes: count, anonymous: v.boolean(), reason: text })),
    hostname: text,
  }),
);

export const stateSchema = recordSchema(() =>
  v.object({
    version: v.literal(1),
    status: v.picklist(['created', 'running', 'exited']),
    pid: v.nullable(count),
    startTime: v.nullable(text),
    exitCode: v.nullable(count),
    signal: v.nullable(text),
    startedAt: v.nullable(text),
    finishedAt: v.nullable(text),
    owner: v.nullable(v.object({ pid: count, startTime: text, boot: text, namespace: text })),
  }),
);

export const created: ContainerState = {
  version: 1,
  status: 'created',
  pid: null,
  startTime: null,
  exitCode: null,
  signal: null,
  startedAt: null,
  finishedAt: null,
  owner: null,
};

/** Exit of a container's application, as recorded. */
export interface RecordedExit {
  /** 128 + n when signal n killed it; null for a container that was never started. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Exit that no process observed: 255, as in Docker after a crash, because 0 would say that the application succeeded. */
export const unobserved: RecordedExit = { exitCode: 255, signal: null };

/** The state after the exit. Pure but for the clock. */
export function exitedState(state: ContainerState, { exitCode, signal }: RecordedExit): ContainerState {
  return {
    ...state,
    status: 'exited',
    pid: null,
    startTime: null,
    exitCode,
    signal,
    finishedAt: now(),
  };
}
