import { statSync } from 'node:fs';
import { ownCapabilities } from '../linux/own-capabilities.ts';
import { loadNative } from './binding.ts';
import type { Native } from './contract.ts';

/** Inode of the initial user namespace, fixed by the kernel (PROC_USER_INIT_INO). */
const initialInode = 0xeffffffd;

/**
 * True outside of any user namespace. Root of another, as of a container, lacks what makes devices and the marks of
 * overlayfs, or even mounts: it goes the way of a user.
 */
function isInitial(): boolean {
  return statSync('/proc/self/ns/user').ino === initialInode;
}

/**
 * The native functions for this caller: of root in this process, of another in orlop-launcher.
 *
 * @param process in orlop-launcher for root too
 */
export async function openSite({ process: separate = false } = {}): Promise<Native> {
  const addon = loadNative();
  const isPrivileged = process.geteuid?.() === 0 && ownCapabilities().includes('CAP_SYS_ADMIN') && isInitial();
  if (isPrivileged && !separate) return addon;
  // Loaded here, because root's starts do not need it.
  const { processSite, userSite } = await import('./launcher-site.ts');
  return isPrivileged ? processSite(addon) : userSite(addon);
}
