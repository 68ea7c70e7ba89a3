/**
 * Message of an error; any other value as text. Checks the shape, because errors from another V8 context (Jest makes
 * one per test file) are not instances of this context's `Error`.
 */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage && typeof error.message === 'string' ? error.message : String(error);
}
