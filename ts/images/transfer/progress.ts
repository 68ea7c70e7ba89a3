import type { OnBytes } from '../archive/index.ts';
import type { OnProgress, Progress } from '../progress.ts';

/** Passes counts of bytes on as events of a stage. `expected`: about how many bytes an archive will have. */
export function asProgress(
  onProgress: OnProgress | undefined,
  stage: Pick<Progress, 'stage' | 'layer'>,
  expected?: number,
): OnBytes | undefined {
  if (onProgress === undefined) return undefined;
  return (bytes, total) => {
    if (total !== undefined || expected === undefined) return onProgress({ ...stage, bytes, totalBytes: total });
    onProgress({ ...stage, bytes: Math.min(bytes, expected), totalBytes: expected });
  };
}
