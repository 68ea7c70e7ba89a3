import { loadNative } from './binding.ts';
import type { Native } from './contract.ts';

/** The native functions for this caller: of root in this process, of another user in orlop-launcher. */
export async function openSite(): Promise<Native> {
  const addon = loadNative();
  if (process.geteuid?.() === 0) return addon;
  // Loaded here, because root's starts do not need it.
  const { userSite } = await import('./user-site.ts');
  return userSite(addon);
}
