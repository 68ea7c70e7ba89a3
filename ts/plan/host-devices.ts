import { attribute } from '../linux/mount-attributes.ts';
import { fileType, sourceType } from './constants.ts';
import type { DefaultMount } from './default-mounts.ts';
import type { Draft } from './draft.ts';
import type { HostDevice, StartFacts } from './facts.ts';
import type { Slot } from './types.ts';

/** Devices of the host by the way in which a container gets them. */
interface PlacedDevices {
  /** In its own `/dev`: new files with the same numbers, mode and owner. */
  readonly made: readonly HostDevice[];
  /** Elsewhere, or where no device can be made: the file of the host. */
  readonly bound: readonly HostDevice[];
}

/** Tells them apart. Pure. */
export function placeDevices({ devices = [], mounts, confined }: StartFacts): PlacedDevices {
  // A mount of the user is the place for what is below it.
  const isCovered = (target: string) => mounts.some((mount) => `${target}/`.startsWith(`${mount.target}/`));
  const isMade = ({ target }: HostDevice) => !confined && target.startsWith('/dev/') && !isCovered(target);
  return { made: devices.filter(isMade), bound: devices.filter((device) => !isMade(device)) };
}

/** Makes devices in the container's `/dev`, while it is detached, and the directories on the way. */
export function makeNodes(draft: Draft, dev: Slot, devices: readonly HostDevice[]): void {
  const directories = new Map<string, Slot>([['/dev', dev]]);
  const directoryOf = (path: string): Slot => {
    const known = directories.get(path);
    if (known !== undefined) return known;
    const directory = draft.newSlot();
    const mount = directoryOf(parentOf(path));
    const reason = 'for devices of the host';
    draft.own.push({ op: 'directory', reason, mount, name: nameOf(path), mode: 0o755, uid: 0, gid: 0, directory });
    directories.set(path, directory);
    return directory;
  };
  for (const { path, target, type, mode: permissions, uid, gid, major, minor } of devices) {
    const mode = permissions | (type === 'b' ? fileType.block : fileType.character);
    const mount = directoryOf(parentOf(target));
    draft.own.push({ op: 'device', reason: `host ${path}`, mount, name: nameOf(target), mode, uid, gid, major, minor });
  }
}

/** The host's file, read-only: it is opened and written as before, and its mode and owner stay as they are. */
export function bindDevice({ path, device, inode, target }: HostDevice): DefaultMount {
  const reason = `host ${path}`;
  return {
    target,
    reason,
    file: true,
    asked: true,
    prefetchable: false,
    make(draft) {
      const mount = draft.newSlot();
      const set = attribute.nosuid | attribute.noexec | attribute.readonly;
      draft.prepare.push(
        { op: 'bind', reason, mount, source: path, recursive: 0, device, inode, type: sourceType.file },
        { op: 'attributes', reason, mount, set, clear: 0, recursive: 0, propagation: 0 },
      );
      return mount;
    },
  };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
