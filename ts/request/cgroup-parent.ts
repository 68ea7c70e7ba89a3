import { RequestError } from '../errors/index.ts';
import { checkPath, cleanPath } from './paths.ts';
import { quote } from './text.ts';

const mountPoint = '/sys/fs/cgroup';

/**
 * Parses the control group above that of a container: a path below the root of the cgroup file system, with or without
 * its slash, or the name of a slice of systemd, systemd.slice(5).
 *
 * @throws {RequestError} ORLOP_E_INPUT
 * @example parseCgroupParent('a-b.slice') // → '/a.slice/a-b.slice'
 */
export function parseCgroupParent(text: string): string {
  const what = `the parent control group ${quote(text)}`;
  checkPath('ORLOP_E_INPUT', what, text);
  if (text === '' || text.includes('\n') || text.split('/').includes('..')) {
    throw new RequestError('ORLOP_E_INPUT', `${what} is no path of a control group`, {
      hint: `write it as below ${mountPoint}, as '/batch', or the name of a slice, as 'batch.slice'`,
    });
  }
  if (!text.includes('/') && text.endsWith('.slice')) return pathOfSlice(what, text);
  const path = cleanPath(`/${text}`);
  if (`${path}/`.startsWith(`${mountPoint}/`)) {
    throw new RequestError('ORLOP_E_INPUT', `${what} begins with the place of the cgroup file system`, {
      hint: `leave that out: ${quote(path.slice(mountPoint.length) || '/')}`,
    });
  }
  return path;
}

/** Where systemd has a slice: `a-b.slice` is below `a.slice`. */
function pathOfSlice(what: string, slice: string): string {
  if (slice === '-.slice') return '/';
  const parts = slice.slice(0, -'.slice'.length).split('-');
  if (parts.includes('')) {
    throw new RequestError('ORLOP_E_INPUT', `${what} is no name of a slice`, {
      hint: `write names with one '-' between them, as 'batch-nightly.slice'`,
    });
  }
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}
