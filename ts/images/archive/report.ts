import { LaunchError, RequestError } from '../../errors/index.ts';
import { describeErrno } from '../../linux/errno.ts';
import { refusals } from './refusals.ts';

/** The last line of what orlop-archive reports, JSON: see `native/archive/report.h`. */
export type Report =
  | { readonly result: Record<string, unknown> }
  | { readonly refusal: { readonly code: string; readonly entry: string; readonly detail: string } }
  | { readonly failure: { readonly syscall: string; readonly errno: number; readonly entry: string } };

/** Bytes done so far, from a line that tells them; null for any other line. */
export function parseBytes(line: string): number | null {
  const [, bytes] = /^\{"bytes":(\d{1,15})\}$/.exec(line) ?? [];
  return bytes === undefined ? null : Number(bytes);
}

/** Parses a report; null if it is incomplete because the process was killed. */
export function parseReport(line: string): Report | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const error = value.error;
  if (!isRecord(error)) return { result: value };
  const entry = unhex(error.entry);
  if (error.code === 'system') {
    return { failure: { syscall: String(error.syscall), errno: Number(error.errno), entry } };
  }
  return { refusal: { code: String(error.code), entry, detail: unhex(error.detail) } };
}

/** Action of orlop-archive when it writes an archive, for messages. */
export const packing = 'pack the directory';

/** Error of a report without result. `action`: `unpack the archive`, or `packing`. */
export function errorOf(action: string, report: Exclude<Report, { result: unknown }>): Error {
  if ('failure' in report) return isForbidden(report.failure) ? forbidden(action) : systemError(action, report.failure);
  const { code, entry, detail } = report.refusal;
  const words = refusals[code] ?? { why: `orlop-archive says '${code}'` };
  const at = entry === '' ? '' : `, entry '${entry}'`;
  const extra = detail === '' ? '' : ` (${detail})`;
  return new RequestError('ORLOP_E_ARCHIVE', `could not ${action}${at}: ${words.why}${extra}`, { hint: words.hint });
}

/** True if the process could not begin: making its mount namespace is the first thing that takes privilege. */
function isForbidden({ syscall, errno }: { syscall: string; errno: number }): boolean {
  return syscall === 'unshare' && errnoName(errno) === 'EPERM';
}

function forbidden(action: string): RequestError {
  return new RequestError(
    'ORLOP_E_PERMISSION',
    `could not ${action}: only root with CAP_SYS_ADMIN can in this version`,
    {
      hint: `run it with sudo; for root in a container, 'orlop doctor' says what is missing`,
    },
  );
}

function systemError(action: string, failure: { syscall: string; errno: number; entry: string }): LaunchError {
  const code = errnoName(failure.errno);
  const at = failure.entry === '' ? '' : ` '${failure.entry}'`;
  return new LaunchError(`${code}: could not ${action}, ${failure.syscall}${at}`, {
    code,
    errno: failure.errno,
    syscall: failure.syscall,
    step: 'archive',
    path: failure.entry === '' ? undefined : failure.entry,
    hint: (action === packing ? hintsOfPacking[code] : undefined) ?? hints[code],
    exitCode: 125,
  });
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system of the store is full: remove images or containers, or use another --root',
  EDQUOT: 'the quota of the file system of the store is used up',
  EPERM: 'orlop must be root, with CAP_SYS_ADMIN and CAP_MKNOD, to unpack an image',
  EPIPE: 'the reader of the archive has closed it',
};

/** Hints for packing: the archive may be written outside the store. */
const hintsOfPacking: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left where the archive is written: in the store for a commit, otherwise where it was to go',
  EDQUOT: 'the quota is used up where the archive is written',
};

function errnoName(errno: number): string {
  return errno > 0 ? describeErrno(errno)[0] : 'UNKNOWN';
}

/** Decodes hex to printable text. Invalid UTF-8 and control characters are escaped. */
function unhex(value: unknown): string {
  if (typeof value !== 'string') return '';
  const bytes = Buffer.from(value, 'hex');
  const text = bytes.toString('utf8');
  const exact = Buffer.from(text, 'utf8').equals(bytes) ? text : bytes.toString('latin1');
  return exact.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
