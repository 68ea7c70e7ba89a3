import { BpfWriter, type Label } from './bpf.ts';
import { offset } from './compile.ts';
import { action, allTables, type MachineArch } from './profile.ts';
import { auditArch, type SyscallTable, syscallsOf } from './syscalls.ts';

const eperm = 1;

/** ioctl(2) requests that change attributes of an inode, `linux/fs.h`: FS_IOC_FSSETXATTR, and FS_IOC_SETFLAGS of both sizes. */
const requests = [0x401c_5820, 0x4008_6602, 0x4004_6602];

/** The number of file_setattr, Linux 6.17, in each table. */
const fileSetattr = 469;

const x32Bit = 0x4000_0000;

/**
 * The filter of a container whose read-write layer is bounded by a project quota: EPERM for what would take a file or a
 * directory out of its project. Root of the initial user namespace may do that to its own files, and what is made in the
 * directory then counts for nobody. It comes before the filter of the container, which may be none. Pure.
 *
 * @returns an array of `struct sock_filter`
 */
export function quotaFilter(arch: MachineArch): Uint8Array {
  const program = new BpfWriter();
  const allow = program.ret(action.allow);
  const deny = program.ret(action.errno(eperm));
  let compare: Label = allow;
  for (const request of requests) compare = program.branch('jeq', request, deny, compare);
  const ofIoctl = program.load(offset.low(1), compare);
  const audits = new Map<number, SyscallTable[]>();
  for (const table of allTables[arch]) audits.set(auditArch[table], [...(audits.get(auditArch[table]) ?? []), table]);
  const starts = [...audits].map(([audit, tables]) => {
    let next = allow;
    for (const table of tables) {
      const bit = table === 'x32' ? x32Bit : 0;
      next = program.branch('jeq', syscallsOf(table).get('ioctl') ?? missing(table), ofIoctl, next);
      next = program.branch('jeq', fileSetattr | bit, deny, next);
    }
    return { audit, start: program.load(offset.number, next) };
  });
  let label = allow;
  for (const { audit, start } of starts) label = program.branch('jeq', audit, start, label);
  program.load(offset.arch, label);
  return program.finish();
}

function missing(table: SyscallTable): never {
  throw new RangeError(`the table ${table} has no ioctl`);
}
