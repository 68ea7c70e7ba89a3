import { getSystemErrorMap } from 'node:util';

/** Errnos of Linux that a start can meet and Node's table lacks, `asm-generic/errno.h`. */
const errnosNodeLacks: Readonly<Record<number, readonly [name: string, text: string]>> = {
  8: ['ENOEXEC', 'exec format error'],
  10: ['ECHILD', 'no child process'],
  15: ['ENOTBLK', 'block device required'],
  35: ['EDEADLK', 'resource deadlock avoided'],
  37: ['ENOLCK', 'no locks available'],
  43: ['EIDRM', 'identifier removed'],
  74: ['EBADMSG', 'bad message'],
  87: ['EUSERS', 'too many users'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
  126: ['ENOKEY', 'required key not available'],
  128: ['EKEYREVOKED', 'key has been revoked'],
};

/** Name and text of an errno (a positive number) in Node's form: `['ENOENT', 'no such file or directory']`. */
export function describeErrno(errno: number): readonly [name: string, text: string] {
  return getSystemErrorMap().get(-errno) ?? errnosNodeLacks[errno] ?? [`E${errno}`, `error ${errno}`];
}
