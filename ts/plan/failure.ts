import { LaunchError } from '../errors/index.ts';
import { describeErrno } from '../linux/errno.ts';
import type { NativeFailure } from '../native/contract.ts';
import { automountHint, hintFor } from './hints.ts';
import { subjectOf } from './subject.ts';
import type { Op, Plan } from './types.ts';

/** Docker's exit codes of a failed start. */
const exit = { failed: 125, notExecutable: 126, notFound: 127 } as const;

/**
 * Makes the error of a refused start. The launcher reports numbers only; the plan has the words.
 */
export function explainFailure(plan: Plan, failure: NativeFailure): LaunchError {
  const op = [...plan.prepare, ...plan.enter][failure.op];
  if (failure.step === 0 || op === undefined) return explainRefusedPlan(failure);
  return op.op === 'exec' ? explainExec(plan, op, failure) : explainStep(plan, op, failure);
}

function explainRefusedPlan(failure: NativeFailure): LaunchError {
  const [code, text] = describeErrno(failure.errno);
  return new LaunchError(`${code}: ${text}, ${failure.syscall || 'the executor refused the plan'}`, {
    code,
    errno: -failure.errno,
    syscall: failure.syscall,
    step: 'plan',
    hint: 'the addon and the library may be of different versions: build them again',
    exitCode: exit.failed,
  });
}

function explainStep(plan: Plan, op: Op, failure: NativeFailure): LaunchError {
  const [code, text] = describeErrno(failure.errno);
  const { path, dest } = subjectOf(plan, op, failure.detail);
  // The executor itself may refuse, without a system call.
  const syscall = failure.syscall || op.op;
  return new LaunchError(`${code}: ${text}, ${syscall}${quote(path, dest)} (${op.reason})`, {
    code,
    errno: -failure.errno,
    syscall,
    step: op.op,
    path,
    dest,
    reason: op.reason,
    hint: hintFor({ plan, op, code, syscall, path, dest }),
    exitCode: exit.failed,
  });
}

const [enoent, eacces] = [2, 13];

type Exec = Extract<Op, { op: 'exec' }>;

/** Explains that the application could not be executed, for which there are exit codes. */
function explainExec(plan: Plan, op: Exec, failure: NativeFailure): LaunchError {
  const name = op.argv[0] ?? '';
  // An empty name leads to a directory of $PATH, which the kernel refuses. To a shell, nothing was found.
  const errno = name === '' && failure.errno === eacces ? enoent : failure.errno;
  const [code, text] = describeErrno(errno);
  const missing = code === 'ENOENT';
  const syscall = failure.syscall || 'execve';
  // An ENOENT of execve means that the program was found, but its interpreter is missing.
  const absent = missing && (errno !== failure.errno || !failure.syscall.startsWith('execve'));
  const searched = absent && !name.includes('/');
  const { path } = searched ? { path: name } : subjectOf(plan, op, failure.detail);
  const what = searched ? `executable '${name}' not found in $PATH` : text;
  return new LaunchError(`${code}: ${what}, ${syscall}${quote(path, undefined)}`, {
    code,
    errno: -errno,
    syscall,
    step: op.op,
    path,
    reason: op.reason,
    hint: execHint(code, searched, absent),
    exitCode: missing ? exit.notFound : exit.notExecutable,
  });
}

function execHint(code: string, searched: boolean, absent: boolean): string | undefined {
  switch (code) {
    case 'ENOENT':
      if (searched) return 'check the spelling, and that the image has the program';
      if (absent) return 'check the path, and that the image has the program';
      return 'the file is there, but not the interpreter that it names: its #! line, or the loader of an ELF file';
    case 'EACCES':
      return 'the file must be a regular one that this user may execute, not on a noexec mount and not on /proc';
    case 'ENOEXEC':
      return `the file has no '#!' line, or is for another processor`;
    case 'ELOOP':
      return 'the file leads through a loop of symbolic links or through a magic link of /proc';
    case 'E2BIG':
      return 'the arguments and the environment are too large together';
    case 'EISDIR':
      return 'name a program, not a directory';
    case 'EREMOTE':
      return automountHint;
    case 'ETXTBSY':
      return 'another process has the file open for writing';
    default:
      return undefined;
  }
}

function quote(path: string | undefined, dest: string | undefined): string {
  return `${path ? ` '${path}'` : ''}${dest ? ` -> '${dest}'` : ''}`;
}
