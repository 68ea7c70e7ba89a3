/** Whether a file system, or a quota on it, is full. */
export function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
}

/**
 * Name of the errno of an error that Node or the addon threw: `ENOENT`; undefined for any other value. By its shape: in
 * another context of V8, as Jest makes for each file of tests, Node's errors are not of the `Error` that we see.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
