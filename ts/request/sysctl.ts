import { RequestError } from '../errors/index.ts';
import { nearest, quote } from './text.ts';
import type { NetworkMode, SecurityOptions, Sysctl } from './types.ts';

/** The parameter of the UTS namespace, whose file belongs to root of the machine. */
export const domainName = 'kernel.domainname';
/** `__NEW_UTS_LEN`; the kernel cuts what is longer. */
const maxDomainName = 64;

/** Parameters that a container has to itself: those of its IPC and UTS namespaces, namespaces(7), ipc_namespaces(7). */
const own: readonly string[] = [
  domainName,
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shm_rmid_forced',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
];
/** Beginnings of other names of its own: POSIX message queues, mq_overview(7), and the network namespace. */
const ownDirectories = /^(fs[./]mqueue|net)[./]/;
const ofNetwork = /^net[./]/;
/** Files of a network namespace whose value is the machine's all the same. */
const shared: readonly string[] = ['net.netfilter.nf_hooks_lwtunnel'];

/**
 * Parses a parameter of the kernel: `net.core.somaxconn=1024`, or with slashes, `net/ipv4/conf/eth0.1/forwarding=1`,
 * sysctl(8).
 *
 * @throws {RequestError} ORLOP_E_INPUT, also for a parameter that is the machine's
 */
export function parseSysctl(text: string): Sysctl {
  const at = text.indexOf('=');
  if (at <= 0) {
    throw new RequestError('ORLOP_E_INPUT', `the kernel parameter ${quote(text)} has no value`, {
      hint: `write 'NAME=VALUE', as 'net.core.somaxconn=1024'`,
    });
  }
  return sysctlOf(text.slice(0, at).trim(), text.slice(at + 1));
}

/** As `parseSysctl`, of a name and a value. */
export function sysctlOf(written: string, value: string): Sysctl {
  const parts = partsOf(written);
  const name = parts.join(parts.some((part) => part.includes('.')) ? '/' : '.');
  if (!parts.every((part) => /^[\w.-]+$/.test(part) && !/^\.+$/.test(part))) {
    throw new RequestError('ORLOP_E_INPUT', `there is no kernel parameter ${quote(written)}`, {
      hint: `write it as 'sysctl -a' shows it: 'net.core.somaxconn'`,
    });
  }
  if (/[\0\n]/.test(value)) {
    throw new RequestError('ORLOP_E_INPUT', `the value of the kernel parameter ${quote(name)} has more than one line`);
  }
  requireOwn(name);
  if (name === domainName && Buffer.byteLength(value) > maxDomainName) {
    throw new RequestError('ORLOP_E_INPUT', `the domain name ${quote(value)} is longer than ${maxDomainName} bytes`);
  }
  return { name, value };
}

/** The first separator is that between the parts. Where it is a dot, a slash stands for a dot in a part, sysctl(8). */
function partsOf(name: string): readonly string[] {
  const [separator] = /[./]/.exec(name) ?? [];
  return separator === '/' ? name.split('/') : name.split('.').map((part) => part.replaceAll('/', '.'));
}

function requireOwn(name: string): void {
  if (own.includes(name) || (ownDirectories.test(name) && !shared.includes(name))) return;
  const what = `the kernel parameter ${quote(name)} is one of the whole machine`;
  if (name === 'kernel.hostname') throw new RequestError('ORLOP_E_INPUT', what, { hint: "use '--hostname'" });
  const close = nearest(name, own);
  const hint =
    close === undefined
      ? `a container has ${own[0]}, kernel.msg*, kernel.sem, kernel.shm*, fs.mqueue.* and net.* to itself; set others on the host`
      : `did you mean '${close}'?`;
  throw new RequestError('ORLOP_E_INPUT', what, { hint });
}

/**
 * Each name once, with its last value.
 *
 * @throws {RequestError} ORLOP_E_INPUT for one that the container shares with the host, or cannot reach
 */
export function checkSysctls(
  sysctls: readonly Sysctl[],
  { network, security }: { readonly network: NetworkMode; readonly security: Pick<SecurityOptions, 'systemPaths'> },
): readonly Sysctl[] {
  const byName = new Map(sysctls.map((sysctl) => [sysctl.name, sysctl]));
  for (const { name } of byName.values()) {
    if (ofNetwork.test(name) && network === 'host') {
      throw new RequestError(
        'ORLOP_E_INPUT',
        `with the host's network, the kernel parameter ${quote(name)} is the host's`,
        {
          hint: "set it on the host, or leave '--network host' out",
        },
      );
    }
    if (security.systemPaths === 'host') {
      throw new RequestError(
        'ORLOP_E_INPUT',
        `with 'systempaths=host' /proc is read-only, so the kernel parameter ${quote(name)} cannot be set`,
      );
    }
  }
  return [...byName.values()];
}
