import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ContainerRecord } from '../../ts/containers/record.ts';
import { identify, type ProcessIdentity } from '../../ts/linux/proc.ts';
import type { RunRequest } from '../../ts/request/types.ts';

/** A request for `true` in an image `busybox`, changed as given. */
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
    security: { noNewPrivileges: true, seccomp: 'default' },
    ulimits: [],
    network: 'none',
    interactive: false,
    labels: {},
    shmSize: 65_536,
    ...changes,
  };
}

/** The record of a container with that ID, changed as given. */
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

/** Identity of a process that has ended. */
export async function endedProcess(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['1000']);
  await once(child, 'spawn');
  const identity = await identify(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (identity === null) throw new Error('the child is not in /proc');
  return identity;
}
