import { attribute } from '../linux/mount-attributes.ts';
import { mountPoint, namespaceFlag, propagation, sourceType } from './constants.ts';
import { Draft } from './draft.ts';
import type { StartFacts, Sysctl } from './facts.ts';
import { lengthOf } from './holes.ts';
import { byDepth, type PlacedMount, placeMounts } from './layout.ts';
import { becomeApplication } from './process.ts';
import type { Namespace, Plan, Slot, Supplied } from './types.ts';
import { makeLayerInMemory, makeUnion, placeLayers } from './union.ts';

/**
 * Builds the plan of a start. The container init process makes the mounts while it still sees the host, or an opener
 * makes them and the container init process never sees the host.
 *
 * Pure: the same facts give the same plan, without a look at the machine.
 */
export function buildPlan(facts: StartFacts): Plan {
  const { strategy = 'in-child' } = facts;
  const draft = new Draft(suppliedBy(facts), { strategy, userNamespace: Boolean(facts.userNamespace) });
  const { mount } = makeContainer(draft, facts);
  becomeApplication(draft, facts, mount);
  return {
    strategy,
    namespaces: namespacesOf(facts),
    supplied: draft.supplied,
    slots: draft.slots,
    prepare: draft.prepare,
    enter: draft.enter,
  };
}

function suppliedBy({ networkPrefetched, userNamespace, mountsPrefetched = [] }: StartFacts): Supplied[] {
  const supplied: Supplied[] = ['stdin', 'stdout', 'stderr'];
  if (userNamespace) supplied.push('range');
  if (networkPrefetched) supplied.push('network');
  supplied.push(...mountsPrefetched);
  return supplied;
}

/** Adds the operations up to the change of the root. */
export function makeContainer(draft: Draft, given: StartFacts): Scratch {
  if (given.strategy !== 'opener') leaveHostAlone(draft);
  if (given.userNamespace) {
    // First: then the memory, which is the caller's too, is not dumpable, and its file belongs to root of the machine.
    setScore(draft, given, null);
    becomeRoot(draft);
  }
  if (given.networkPrefetched) joinNetwork(draft);
  const scratch = makeScratch(draft, given);
  const facts = { ...given, root: makeLayerInMemory(draft, given.root, scratch.mount) };
  const rootfs = draft.prefetchedMount('/') ?? makeRoot(draft, facts, scratch.mount);
  const mounts = placeMounts(facts);
  const made = new Map(
    mounts.map((mount) => [
      mount,
      (mount.prefetchable ? draft.prefetchedMount(mount.target) : null) ?? mount.make(draft),
    ]),
  );
  const proc = procOf(mounts, made);
  setParameters(draft, facts.sysctls, proc);
  if (!facts.userNamespace) setScore(draft, facts, proc);
  confine(draft, facts, proc);

  draft.enter.push({ op: 'root', reason: 'root filesystem', mount: rootfs, at: facts.root.mountPoint });
  attachMounts(draft, byDepth(mounts), made);
  attachFiles(draft, scratch.files, facts.root.readOnly);
  protect(draft, facts, scratch.mount);
  sealMounts(draft, mounts);
  setHost(draft, facts);
  draft.enter.push({ op: 'pivot', reason: 'root filesystem' });
  return scratch;
}

export function namespacesOf(facts: StartFacts): Namespace[] {
  const namespaces: Namespace[] = ['mount'];
  if (!facts.hostPid) namespaces.push('pid');
  namespaces.push('ipc', 'uts');
  if (!facts.hostCgroup) namespaces.push('cgroup');
  if (facts.network === 'none' && !facts.networkPrefetched) namespaces.push('network');
  if (facts.userNamespace) namespaces.push('user');
  return namespaces;
}

function makeRoot(draft: Draft, { root, userNamespace }: StartFacts, scratch: Slot): Slot {
  return userNamespace ? makeUnion(draft, root, placeLayers(draft, root, scratch)) : makeUnion(draft, root);
}

/** The process has the caller's ID, which the namespace does not have: it could make no file. */
function becomeRoot(draft: Draft): void {
  draft.enter.push({ op: 'ids', reason: 'root of the user namespace', uid: 0, gid: 0, groups: [] });
}

function setScore(draft: Draft, { process: { oomScore } }: StartFacts, proc: Slot | null): void {
  if (oomScore === null) return;
  draft.inside.push({ op: 'oom-score', reason: 'choice of the OOM killer', proc, value: `${oomScore}` });
}

/** Before the root changes: afterwards `/proc` is the container's, where an image or a volume can put another file. */
function confine(draft: Draft, { appArmor, hostSystem }: StartFacts, proc: Slot | null): void {
  if (appArmor === null || appArmor === undefined) return;
  const writable = hostSystem ? bindProc(draft) : proc;
  draft.inside.push({ op: 'apparmor', reason: 'mandatory access control', proc: writable, profile: appArmor });
}

/** The caller's `/proc`, for the container init process only: where the container gets it, it is read-only. */
function bindProc(draft: Draft): Slot {
  const mount = draft.newSlot();
  const source = { source: '/proc', recursive: 1, device: 0n, inode: 0n, type: sourceType.directory };
  draft.prepare.push({ op: 'bind', reason: 'to set a profile', mount, ...source });
  return mount;
}

/** Joins the prefetched network, before mounts that show a network namespace, such as sysfs, are made. */
function joinNetwork(draft: Draft): void {
  const namespace = draft.suppliedSlot('network');
  draft.inside.push({ op: 'join', reason: 'prefetched network', namespace, kind: namespaceFlag.network });
}

/** Makes all mounts private: otherwise a new mount would appear on the host where the host's mounts are shared. */
function leaveHostAlone(draft: Draft): void {
  const reason = 'nothing reaches the host';
  draft.prepare.push({ op: 'propagation', reason, path: '/', mode: propagation.private, recursive: 1 });
}

/** A file that every container gets. */
interface AttachedFile {
  readonly target: string;
  /** Slot with the detached mount of the file. */
  readonly mount: Slot;
  readonly reason: string;
}

/** The mount that `makeScratch` makes. */
export interface Scratch {
  readonly mount: Slot;
  readonly files: readonly AttachedFile[];
}

const bytesOfScratch = 1n << 20n;

/**
 * Makes a small tmpfs with the files that a container gets, and with the file and directory that mask paths. It is
 * attached at the root filesystem's mount point, because older kernels clone only from attached mounts, and is detached
 * with the old root.
 */
function makeScratch(draft: Draft, facts: StartFacts): Scratch {
  const reason = 'scratch';
  const slot = draft.newSlot();
  const files = filesOf(facts);
  const content = files.reduce((sum, file) => sum + lengthOf(file.content), 0);
  draft.inside.push(
    {
      op: 'tmpfs',
      reason,
      mount: slot,
      mode: 0o755,
      size: bytesOfScratch + BigInt(content),
      inodes: 0n,
      uid: 0,
      gid: 0,
      attributes: attribute.nosuid | attribute.noexec,
      at: facts.root.mountPoint,
    },
    {
      op: 'device',
      reason: 'for masked files',
      mount: slot,
      name: 'null',
      mode: 0o666,
      uid: 0,
      gid: 0,
      major: 1,
      minor: 3,
    },
    {
      op: 'directory',
      reason: 'for masked directories',
      mount: slot,
      name: 'empty',
      mode: 0o755,
      uid: 0,
      gid: 0,
      directory: null,
    },
  );
  return {
    mount: slot,
    files: files.map(({ name, target, content }) => {
      const file = draft.newSlot();
      draft.inside.push({ op: 'file', reason: `default ${target}`, mount: slot, name, mode: 0o644, content, file });
      return { target, mount: file, reason: `default ${target}` };
    }),
  };
}

const filesOfEtc = { hosts: '/etc/hosts', hostname: '/etc/hostname', resolvConf: '/etc/resolv.conf' } as const;

/** Targets of the files that every container gets. */
export const defaultFiles: readonly string[] = Object.values(filesOfEtc);

function filesOf(facts: StartFacts): { name: string; target: string; content: Uint8Array | string }[] {
  const all = [
    { name: 'hosts', target: filesOfEtc.hosts, content: facts.files.hosts },
    { name: 'hostname', target: filesOfEtc.hostname, content: facts.files.hostname },
    { name: 'resolv.conf', target: filesOfEtc.resolvConf, content: facts.files.resolvConf },
  ];
  return all.flatMap(({ name, target, content }) =>
    content === null || facts.mounts.some((mount) => mount.target === target) ? [] : [{ name, target, content }],
  );
}

function attachMounts(draft: Draft, ordered: readonly PlacedMount[], made: ReadonlyMap<PlacedMount, Slot>): void {
  for (const mount of ordered) {
    const { reason, target } = mount;
    const slot = made.get(mount) ?? null;
    draft.enter.push({
      op: 'attach',
      reason,
      mount: slot,
      target,
      kind: mountPoint[mount.kind],
      create: mount.create ? 1 : 0,
    });
  }
}

/** Attaches the files after the user's mounts, so that a volume on `/etc` does not hide them, as in Docker. */
function attachFiles(draft: Draft, files: readonly AttachedFile[], readOnly: boolean): void {
  for (const { target, mount, reason } of files) {
    draft.enter.push({ op: 'attach', reason, mount, target, kind: mountPoint.file, create: 1 });
    if (readOnly) draft.enter.push({ op: 'readonly', reason, target, recursive: 0 });
  }
}

function protect(draft: Draft, facts: StartFacts, scratch: Slot): void {
  for (const target of facts.maskedPaths) draft.enter.push({ op: 'mask', reason: 'masked path', scratch, target });
  for (const target of facts.readonlyPaths) {
    draft.enter.push({ op: 'readonly', reason: 'read-only path', target, recursive: 1 });
  }
}

function sealMounts(draft: Draft, mounts: readonly PlacedMount[]): void {
  for (const { target, reason, sealed } of mounts) {
    if (sealed) draft.enter.push({ op: 'readonly', reason, target, recursive: 0 });
  }
}

function setHost(draft: Draft, facts: StartFacts): void {
  if (facts.network === 'none' && !facts.networkPrefetched) {
    draft.enter.push({ op: 'loopback', reason: 'loopback network' });
  }
  const optional = facts.hostnameOptional ? 1 : 0;
  draft.enter.push({ op: 'hostname', reason: 'hostname', name: facts.hostname, optional });
}

/** Slot with the container's procfs; null if the user mounts something at `/proc`. */
function procOf(mounts: readonly PlacedMount[], made: ReadonlyMap<PlacedMount, Slot>): Slot | null {
  const proc = mounts.find(({ target, kind }) => target === '/proc' && kind === 'plain directory');
  return proc === undefined ? null : (made.get(proc) ?? null);
}

/** Sets parameters before the procfs is attached: afterwards its `sys` is read-only. */
export function setParameters(draft: Draft, sysctls: readonly Sysctl[], proc: Slot | null): void {
  for (const { name, value } of sysctls) {
    draft.inside.push({ op: 'sysctl', reason: `sysctl ${name}`, proc, name, value });
  }
}
