import { tables } from './tables.ts';

/** Tables of system calls. Several can belong to one architecture of the kernel's audit interface. */
export type SyscallTable = keyof typeof tables;

const parsed = new Map<SyscallTable, ReadonlyMap<string, number>>();

/** Numbers of the system calls by name, with the bit of x32 in that table. */
export function syscallsOf(table: SyscallTable): ReadonlyMap<string, number> {
  const known = parsed.get(table);
  if (known !== undefined) return known;
  const numbers = new Map<string, number>();
  let next = 0;
  for (const word of tables[table].trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) next = Number(word);
    else numbers.set(word, next++);
  }
  parsed.set(table, numbers);
  return numbers;
}

/** `AUDIT_ARCH_*` of `linux/audit.h`, as in seccomp_data. x32 is x86-64 with a bit in the number. */
export const auditArch: Readonly<Record<SyscallTable, number>> = {
  x86_64: 0xc000_003e,
  x32: 0xc000_003e,
  i386: 0x4000_0003,
  aarch64: 0xc000_00b7,
  arm: 0x4000_0028,
};

/**
 * Range of calls outside the common sequence, whose numbers tell nothing about their age: x32's own entry points 512 to
 * 547, ARM's private calls.
 */
export const specialNumbers: Readonly<Partial<Record<SyscallTable, readonly [first: number, last: number]>>> = {
  x32: [0x4000_0000 + 512, 0x4000_0000 + 547],
  arm: [0x0f_0000, 0x0f_ffff],
};

/** Calls that i386 also reaches through one number, by the value of its first argument (`linux/net.h`, `linux/ipc.h`). */
export const multiplexed: Readonly<Record<string, readonly [call: string, number: number]>> = Object.fromEntries([
  ...[
    ...['socket', 'bind', 'connect', 'listen', 'accept', 'getsockname', 'getpeername', 'socketpair', 'send', 'recv'],
    ...['sendto', 'recvfrom', 'shutdown', 'setsockopt', 'getsockopt', 'sendmsg', 'recvmsg', 'accept4', 'recvmmsg'],
    'sendmmsg',
  ].map((name, index) => [name, ['socketcall', index + 1]]),
  ...Object.entries({
    semop: 1,
    semget: 2,
    semctl: 3,
    semtimedop: 4,
    msgsnd: 11,
    msgrcv: 12,
    msgget: 13,
    msgctl: 14,
  }).map(([name, number]) => [name, ['ipc', number]]),
  ...Object.entries({ shmat: 21, shmdt: 22, shmget: 23, shmctl: 24 }).map(([name, number]) => [name, ['ipc', number]]),
]);
