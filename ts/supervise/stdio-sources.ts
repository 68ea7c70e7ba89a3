import { fstatSync, readFileSync, type Stats } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import { stdioSource } from '../native/contract.ts';
import type { Stdio, StdioRequest } from './stdio.ts';

/** Sources of an application's standard streams, by the number of the stream. */
export interface StdioSources {
  /** Descriptors of the caller, or `stdioSource`. */
  readonly sources: readonly [number, number, number];
  /** Files of the caller, each at the other end of a pipe; null: none. */
  readonly files: readonly [number | null, number | null, number | null];
}

const names = ['stdin', 'stdout', 'stderr'] as const;

/**
 * Chooses the sources of an application's standard streams.
 *
 * A file of the caller is not shared: through its descriptor, root in the container could open it again with other
 * rights, and change its mode and owner. It is copied through a pipe.
 *
 * @throws RequestError ORLOP_E_INPUT for what would give the host away
 */
export function stdioSources({ stdin, stdout, stderr }: StdioRequest): StdioSources {
  const chosen = [choose(stdin, 0), choose(stdout, 1), stderr === 'stdout' ? same : choose(stderr, 2)] as const;
  const [input, output, errors] = chosen;
  // One pipe if both are the same file: two pipes could reorder lines.
  const last = errors.file !== null && errors.identity === output.identity ? same : errors;
  return {
    sources: [input.source, output.source, last.source],
    files: [input.file, output.file, last.file],
  };
}

interface Choice {
  readonly source: number;
  readonly file: number | null;
  /** Device and inode of the file. */
  readonly identity?: string | undefined;
}

const same: Choice = { source: stdioSource.sameAsBefore, file: null };

function choose(kind: Stdio, number: 0 | 1 | 2): Choice {
  const pipe = number === 0 ? stdioSource.pipeToApplication : stdioSource.pipeFromApplication;
  if (kind === 'pipe') return { source: pipe, file: null };
  if (kind === 'ignore') {
    return { source: number === 0 ? stdioSource.nothingToRead : stdioSource.nothingToWrite, file: null };
  }
  const descriptor = kind === 'inherit' ? number : kind;
  if (!(Number.isInteger(descriptor) && descriptor >= 0)) {
    throw new RequestError('ORLOP_E_INPUT', `${names[number]} cannot lead to '${kind}'`, {
      hint: `write 'inherit', 'pipe', 'ignore' or the number of an open descriptor`,
    });
  }
  const facts = fstatSync(descriptor);
  if (facts.isFIFO() || facts.isSocket()) return { source: descriptor, file: null };
  refuseWhatGivesMore(names[number], descriptor, facts);
  if (!facts.isFile()) return { source: descriptor, file: null };
  return { source: pipe, file: descriptor, identity: `${facts.dev}:${facts.ino}` };
}

/** Flag O_PATH of fcntl.h, as /proc/PID/fdinfo has it. */
const pathOnly = 0o10000000;

/**
 * Refuses descriptors through which a container would reach more of the host than a stream: directories, disks, and
 * paths that nobody has opened.
 */
function refuseWhatGivesMore(name: string, descriptor: number, facts: Stats): void {
  const what = facts.isDirectory() ? 'a directory' : facts.isBlockDevice() ? 'a disk' : pathOf(descriptor);
  if (what === null) return;
  throw new RequestError('ORLOP_E_INPUT', `${name} cannot lead to descriptor ${descriptor}, which is ${what}`, {
    hint: `through it, the container would reach more than a stream: give it a volume, or write 'pipe'`,
  });
}

function pathOf(descriptor: number): string | null {
  const [, flags = '0'] = /^flags:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
  return (Number.parseInt(flags, 8) & pathOnly) === 0 ? null : 'a path that is not open (O_PATH)';
}
