/** True for a full file system or quota. */
export function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

/** True for a call to orlop-launcher, which has ended. */
export function isLauncherGone(error: unknown): boolean {
  const isOfSocket = ['EPIPE', 'ECONNRESET'].includes(errorCode(error) ?? '');
  return isOfSocket && (error as { readonly path?: unknown }).path === 'orlop-launcher';
}

/**
 * Name of the errno of an error from Node or the addon: `ENOENT`; undefined for any other value. Checks the shape,
 * because errors from another V8 context (Jest makes one per test file) are not instances of this context's `Error`.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
