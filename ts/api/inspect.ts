import { formatRule } from '../linux/device-rules.ts';
import { knownSignal } from '../linux/signals.ts';
import type { StoredContainer } from '../record/schema.ts';
import type { BindMount, RunRequest } from '../request/types.ts';
import { formatUserNamespace } from '../request/user-namespace.ts';
import type { Store } from '../store/store.ts';
import { hostLimits } from './host-limits.ts';
import { mountsOf, optionsText } from './mounts.ts';
import type { ContainerInspect, ContainerSummary } from './types.ts';

const date = (text: string | null): Date | null => (text === null ? null : new Date(text));

/** The row of `ps`. Pure. */
export function summaryOf(store: Pick<Store, 'volumeData'>, container: StoredContainer): ContainerSummary {
  const { record, state } = container;
  return {
    id: record.id,
    name: record.name,
    image: record.image,
    command: record.process.argv,
    created: new Date(record.created),
    status: state.status,
    exitCode: state.exitCode,
    pid: state.pid,
    startedAt: date(state.startedAt),
    finishedAt: date(state.finishedAt),
    labels: record.request.labels,
    mounts: mountsOf(store, container),
    network: record.request.network,
    limits: record.request.limits,
  };
}

/** Docker's value for a time that has not come. */
const never = '0001-01-01T00:00:00Z';

/**
 * The object in Docker's `inspect` format. Pure.
 *
 * @param profile of AppArmor that the container's process has; empty if there is none
 */
export function inspectContainer(
  store: Pick<Store, 'volumeData' | 'diffPath' | 'workPath' | 'mountPoint'>,
  container: StoredContainer,
  profile: string,
): ContainerInspect {
  const { record, state } = container;
  const { request, process } = record;
  const [path = '', ...args] = process.argv;
  return {
    Id: record.id,
    Created: record.created,
    Path: path,
    Args: args,
    State: {
      Status: state.status,
      Running: state.status === 'running',
      // Docker's states that a container of orlop is never in.
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Error: '',
      Pid: state.pid ?? 0,
      ExitCode: state.exitCode ?? 0,
      StartedAt: state.startedAt ?? never,
      FinishedAt: state.finishedAt ?? never,
    },
    Image: record.image.id,
    Name: `/${record.name}`,
    RestartCount: 0,
    AppArmorProfile: profile || (request.security.appArmor ?? ''),
    Mounts: mountsOf(store, container),
    BoundingCaps: record.capabilities ?? null,
    EffectiveCaps: process.uid === 0 ? (record.capabilities ?? null) : [],
    Config: {
      Hostname: record.hostname,
      User: request.user ?? '',
      Env: process.env,
      Cmd: request.argv,
      Image: record.image.reference,
      Volumes: Object.fromEntries(record.volumes.filter((use) => use.anonymous).map((use) => [use.target, {}])),
      WorkingDir: process.cwd,
      Entrypoint: request.entrypoint,
      Labels: request.labels,
      OpenStdin: request.interactive,
      ...stopFields(request),
      Tty: false,
    },
    HostConfig: {
      AutoRemove: request.rm,
      Binds: request.mounts.flatMap((mount) => (mount.type === 'bind' ? [bindText(mount)] : [])),
      CapAdd: request.capabilities.add,
      CapDrop: request.capabilities.drop,
      NetworkMode: request.network,
      ExtraHosts: (request.extraHosts ?? []).map(({ name, address }) => `${name}:${address}`),
      Dns: request.dns?.servers ?? [],
      DnsSearch: request.dns?.search ?? [],
      DnsOptions: request.dns?.options ?? [],
      GroupAdd: request.groupAdd ?? [],
      PidMode: request.pid === 'host' ? 'host' : '',
      CgroupnsMode: request.cgroupns ?? 'private',
      PortBindings: {},
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      ...hostLimits(request.limits),
      Privileged: request.privileged ?? false,
      Devices: (request.devices ?? []).map(({ host, container: target, permissions }) => ({
        PathOnHost: host,
        PathInContainer: target,
        CgroupPermissions: permissions,
      })),
      DeviceCgroupRules: (request.deviceRules ?? []).map(formatRule),
      ReadonlyRootfs: request.readOnly,
      ShmSize: request.shmSize,
      Tmpfs: Object.fromEntries(request.tmpfs.map((tmpfs) => [tmpfs.target, optionsText('tmpfs', tmpfs.attributes)])),
      OomScoreAdj: request.oomScoreAdj ?? 0,
      Sysctls: Object.fromEntries((request.sysctls ?? []).map(({ name, value }) => [name, value])),
      UsernsMode: formatUserNamespace(request.userns),
      Ulimits: request.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    },
    NetworkSettings: { Ports: {}, Networks: {}, IPAddress: '', Gateway: '', MacAddress: '' },
    GraphDriver: {
      Name: 'overlay',
      Data: {
        UpperDir: store.diffPath(record.layer),
        WorkDir: store.workPath(record.layer),
        MergedDir: store.mountPoint(record.layer),
      },
    },
  };
}

/** As in Docker, only what the request has. */
function stopFields({ stopSignal, stopTimeout }: RunRequest): { StopSignal?: string; StopTimeout?: number } {
  return {
    ...(stopSignal === null || stopSignal === undefined
      ? {}
      : { StopSignal: knownSignal(stopSignal) ?? String(stopSignal) }),
    ...(stopTimeout === null || stopTimeout === undefined ? {} : { StopTimeout: stopTimeout }),
  };
}

/** The bind mount in the form of `-v`. */
function bindText({ source, target, attributes }: BindMount): string {
  const options = optionsText('bind', attributes);
  return `${source}:${target}${options && `:${options}`}`;
}
