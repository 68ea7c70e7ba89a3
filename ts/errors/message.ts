/**
 * What an error says; any other value as text. By its shape: in another context of V8, as Jest makes for each file of
 * tests, Node's errors are not of the `Error` that we see.
 */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage && typeof error.message === 'string' ? error.message : String(error);
}
