import * as v from 'valibot';
import { now } from '../linux/clock.ts';
import type { ProcessIdentity } from '../linux/proc.ts';
import type { RunRequest } from '../request/types.ts';
import { recordSchema } from '../store/record.ts';

/** Where a container's record lies: on disk, or with what a reboot may lose. */
export type Durability = 'durable' | 'ephemeral';

/** The application as it is started: the request and the image's configuration, merged and resolved. */
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
  /** Allocated for this container: goes with it under `--rm` and `rm -v`. */
  readonly anonymous: boolean;
  /** For people: `volume data`, `image VOLUME`. */
  readonly reason: string;
}

/** A container as it lies on disk. */
export interface StoredContainer {
  readonly record: ContainerRecord;
  /** As the kernel confirms it: one whose process is gone has exited. */
  readonly state: ContainerState;
  readonly durability: Durability;
}

/** `config.json`: what a container is. Changes once at most: when one that waits in a pool becomes an application. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly created: string;
  readonly image: { readonly reference: string; readonly id: string };
  /** ID of the read-write layer, and of its place under `mnt/`. */
  readonly layer: string;
  readonly request: RunRequest;
  readonly process: ProcessRecord;
  readonly volumes: readonly VolumeUse[];
  readonly hostname: string;
}

/** `state.json`: how far it has come. */
export interface ContainerState {
  readonly version: 1;
  readonly status: 'created' | 'running' | 'exited';
  /**
   * Process of the application and its start time (clock ticks since boot, /proc/PID/stat); null unless running, or
   * waiting in a pool for its application.
   */
  readonly pid: number | null;
  readonly startTime: string | null;
  /** 128 + n when signal n ended it; null when it has not ended, or nobody saw how. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /**
   * The program that starts it and records its end. A container that runs without its owner is an orphan; one that is
   * ephemeral goes away with it. Null unless it is being started or runs.
   */
  readonly owner: ProcessIdentity | null;
}

const text = v.string();
const texts = v.array(text);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * The request is our own JSON of a checked value: of its shape only that is checked again without which a mount would
 * lose what restricts it, and say nothing.
 */
const mounts = v.array(v.looseObject({ attributes: count }));
const request = v.custom<RunRequest>((value) => v.is(v.looseObject({ image: text, mounts, tmpfs: mounts }), value));

export const containerSchema = recordSchema(() =>
  v.object({
    version: v.literal(1),
    id: v.pipe(text, v.regex(/^[0-9a-f]{64}$/)),
    name: text,
    created: text,
    image: v.object({ reference: text, id: text }),
    layer: v.pipe(text, v.regex(/^[0-9a-f]{64}$/)),
    request,
    process: v.object({ argv: texts, env: texts, cwd: text, uid: count, gid: count, groups: v.array(count) }),
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

/** How a container ended. */
export interface Ending {
  /** 128 + n when signal n ended it; null when nobody saw it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** The state of one that has ended. Pure but for the clock. */
export function endedState(state: ContainerState, { exitCode, signal }: Ending): ContainerState {
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
