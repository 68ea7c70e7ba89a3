import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { identify, ownIdentity, type ProcessIdentity } from '../../ts/linux/proc.ts';
import { fill } from '../../ts/plan/holes.ts';
import { createdChanges, runningState } from '../../ts/record/changes.ts';
import type { ContainerStore } from '../../ts/record/container-store.ts';
import { rootAttributes } from '../../ts/record/layer.ts';
import { type ContainerRecord, created, type Durability, type StoredContainer } from '../../ts/record/schema.ts';
import type { RunRequest } from '../../ts/request/types.ts';
import type { Store } from '../../ts/store/store.ts';

/** A request for `true` in an image `busybox`, with changes. */
export function request(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    image: 'busybox',
    argv: ['true'],
    name: null,
    rm: false,
    mounts: [],
    tmpfs: [],
    env: [],
    workdir: null,
    user: null,
    hostname: null,
    entrypoint: null,
    readOnly: false,
    capabilities: { add: [], drop: [] },
    security: { noNewPrivileges: true, seccomp: 'default', systemPaths: 'own' },
    ulimits: [],
    limits: {},
    sysctls: [],
    oomScoreAdj: null,
    network: 'none',
    extraHosts: [],
    dns: { servers: [], search: [], options: [] },
    groupAdd: [],
    pid: 'private',
    cgroupns: 'private',
    interactive: false,
    labels: {},
    shmSize: 65_536,
    stopSignal: null,
    stopTimeout: null,
    userns: 'default',
    devices: [],
    deviceRules: [],
    privileged: false,
    isolation: [],
    ...changes,
  };
}

/** The record of a container with that ID, with changes. */
export function record(id: string, changes: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    version: 1,
    id,
    name: `name-${id.slice(0, 6)}`,
    created: new Date().toISOString(),
    image: { reference: 'busybox:latest', id: `sha256:${'1'.repeat(64)}` },
    layer: id,
    request: request(),
    process: { argv: ['true'], env: [], cwd: '/', uid: 0, gid: 0, groups: [] },
    volumes: [],
    hostname: id.slice(0, 12),
    ...changes,
  };
}

/** A container with that record. An ephemeral one belongs to this program. */
export async function container(record: ContainerRecord, durability: Durability): Promise<StoredContainer> {
  const owner = durability === 'ephemeral' ? await ownIdentity() : null;
  return { record, state: { ...created, owner }, durability };
}

/** Makes a container with its own layer. */
export async function addContainer(
  store: Store,
  containers: ContainerStore,
  record: ContainerRecord,
  durability: Durability,
  makeVolumes?: () => Promise<void>,
): Promise<StoredContainer> {
  const added = await container(record, durability);
  const origin = { stagingDirectory: null, mounted: false };
  const self = await ownIdentity();
  await containers.add(added, createdChanges(store, added, self, origin, rootAttributes(undefined)), { makeVolumes });
  return added;
}

/**
 * Records that the application of a claimed container runs, like the launcher thread. The application is this process.
 */
export async function recordRunning(store: Store, claimed: StoredContainer): Promise<StoredContainer> {
  const { pid, startTime } = await ownIdentity();
  const { path, head, tail } = runningState(store, claimed);
  const time = new Date().toISOString();
  const text = fill(`${head}"pid":${pid},"startTime":"${startTime}"${tail}`, ['', '', '', '', time]);
  // Complete or not at all: the program may be killed at any time.
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
  return { ...claimed, state: JSON.parse(text) };
}

/** Identity of a process that has exited. */
export async function endedProcess(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const identity = await identify(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (identity === null) throw new Error('the child is not in /proc');
  return identity;
}
