import { RequestError } from '../errors/index.ts';
import { nearest, quote } from './text.ts';

/** linux/capability.h, in the order of their numbers, without CAP_. */
export const capabilityNames: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/**
 * `ALL`, or a name in the kernel's form, from `net_admin`, `NET_ADMIN` or `CAP_NET_ADMIN`.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseCapability(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL') return name;
  if (!capabilityNames.includes(name)) {
    const close = nearest(name, capabilityNames);
    throw new RequestError('ORLOP_E_INPUT', `there is no capability ${quote(text)}`, {
      hint: close === undefined ? 'capabilities(7) lists them' : `did you mean '${close}'?`,
    });
  }
  return `CAP_${name}`;
}
