import { LaunchError, RequestError } from '../errors/index.ts';
import { messageOf } from '../errors/message.ts';
import type { Store } from './store.ts';
import { errorCode, isLauncherGone, isNoSpace } from './system-error.ts';

/**
 * Returns an error handler for work on a store: what is not the fault of a request, but of a full or read-only file
 * system or of the limit of open files, becomes an error of the catalogue. Node's error may not even name the path.
 * So does the end of the process that makes the calls of a user.
 *
 * @throws RequestError ORLOP_E_STORE for ENOSPC, EDQUOT and EROFS, ORLOP_E_OPEN_FILES for EMFILE and ENFILE, ORLOP_E_CLOSED without orlop-launcher; any other error unchanged
 */
export function explaining(store: Pick<Store, 'root' | 'run'>): (error: unknown) => never {
  return (error) => {
    throw explained(store, error);
  };
}

/** The error that `explaining` throws. */
export function explained({ root, run }: Pick<Store, 'root' | 'run'>, thrown: unknown): unknown {
  if (thrown instanceof LaunchError) return thrown;
  const error = firstOf(thrown);
  const code = errorCode(error);
  if (isNoSpace(error)) {
    return new RequestError('ORLOP_E_STORE', `no space is left for the store '${root}': ${messageOf(error)}`, {
      hint: `remove what is not needed from the file systems of '${root}' and '${run}', or use another --root`,
      cause: error,
    });
  }
  if (code === 'EROFS') {
    return new RequestError('ORLOP_E_STORE', `the store '${root}' cannot be written: ${messageOf(error)}`, {
      hint: 'mount its file system read-write, or use another --root',
      cause: error,
    });
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    const whose = code === 'EMFILE' ? 'this process' : 'this machine';
    return new RequestError('ORLOP_E_OPEN_FILES', `${whose} has too many open files: ${messageOf(error)}`, {
      hint: `raise the limit (${limits[code]}), or start fewer containers at once: each takes four while it runs`,
      cause: error,
    });
  }
  if (isLauncherGone(error)) {
    return new RequestError('ORLOP_E_CLOSED', 'orlop-launcher has ended, and with it the containers', {
      hint: 'it was killed: look for the out-of-memory killer in the kernel log, and open the runtime again',
      cause: error,
    });
  }
  return thrown;
}

const limits = { EMFILE: 'ulimit -n', ENFILE: 'sysctl fs.file-max' } as const;

/** The error that came first, if closing what was open has failed after it. */
function firstOf(error: unknown): unknown {
  let first = error;
  while (first instanceof Error && first.name === 'SuppressedError' && 'suppressed' in first) first = first.suppressed;
  return first;
}
