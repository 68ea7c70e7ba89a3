import type { Caller, Ground } from '../ground/ground.ts';
import type { Sample } from '../measure/watch.ts';

/** Where the read-write layer lies: on a tmpfs, or on the disk. */
export type Upper = 'memory' | 'disk';

/** The container that contestants are to start, as far as each of them can. */
export interface Container {
  /** Root, volumes, `/proc` and `/dev` only; or all that orlop's default container has. */
  readonly mounts: 'minimal' | 'full';
  /** A network namespace of its own with loopback; otherwise the host's. */
  readonly network: boolean;
  readonly upper: Upper;
  /** Bind mounts of one directory of the host, at `/v/1`, `/v/2`, …. */
  readonly volumes: number;
  /** Of the image. */
  readonly layers: number;
  /** Megabytes that the caller holds. */
  readonly ballast?: number | undefined;
}

/** Containers started, ended and removed. */
export interface Work {
  readonly count: number;
  /** From the first call until the last one was over. */
  readonly ms: number;
  /** Milliseconds of processors that the caller and its children used. */
  readonly processor: number;
  /** Milliseconds for which the event loop was not idle; where a JavaScript process started them. */
  readonly loop?: number;
}

/** Starts the same container again and again. */
export interface Starter {
  /**
   * Starts it and waits for its end. Milliseconds since the call: `first` to the application's first instruction, `exit`
   * until its end was seen and everything was removed. Of the JavaScript thread meanwhile: `longest` is the longest time
   * for which the event loop did not turn, `busy` the sum of all, `blocked` what the call took to return.
   */
  start(): Promise<Sample>;
  /** As many as it can in `ms`, `parallel` at once; without it, by `start`. */
  throughput?(parallel: number, ms: number): Promise<Work>;
  /** So many, all asked for at once; without it, by `start`. */
  burst?(count: number): Promise<Work>;
  close(): Promise<void>;
}

export interface Contestant {
  /** `limit`, `orlop-run`, `bwrap`. */
  readonly id: string;
  readonly label: string;
  /** Part of the rounds that it takes part in. */
  readonly share: number;
  /** Somebody else's program: it may be missing, and it may fail. */
  readonly peer: boolean;
  /** Whether it has a way to start such a container at all. */
  supports(container: Container): boolean;
  /** Why it cannot take part on this machine, or null. */
  missing(): string | null;
  open(ground: Ground, container: Container): Promise<Starter>;
}

/** A contestant that is a command, which a shell could run as well. */
export interface CommandContestant extends Contestant {
  /** The command that starts the container; makes what it needs before. */
  command(ground: Ground, container: Container): Promise<readonly string[]>;
}

/** A contestant as results name it. */
export interface Named {
  readonly contestant: string;
  readonly label: string;
}

/** The id of a contestant in results, when an ordinary user starts its containers. Pure. */
export function userId(id: string): string {
  return `${id}-user`;
}

/** How results name a contestant whose containers `caller` starts. Pure. */
export function named({ id, label }: Pick<Contestant, 'id' | 'label'>, caller: Caller): Named {
  return caller === 'root'
    ? { contestant: id, label }
    : { contestant: userId(id), label: `${label}, as an ordinary user` };
}

export const application = '/bin/first';

export function targetOf(volume: number): string {
  return `/v/${volume}`;
}

/** Targets of the volumes of a container. */
export function targets({ volumes }: Container): readonly string[] {
  return Array.from({ length: volumes }, (_, index) => targetOf(index + 1));
}
