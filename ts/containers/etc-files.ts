import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import type { Change } from '../native/contract.ts';
import type { StartFacts } from '../plan/facts.ts';
import { fileIdentity } from '../store/file-identity.ts';

const hostsPath = '/etc/hosts';
const resolvPath = '/etc/resolv.conf';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The files of the host that a container gets which shares its network. */
interface HostFiles {
  readonly hosts: Uint8Array;
  readonly resolvConf: Uint8Array;
}

/**
 * Content of the files under /etc that each container gets: the host's own where it shares the host's network. What
 * follows from the hostname is written when it is read, because a plan that is a copy of another does without.
 */
export class EtcFiles implements NonNullableFiles {
  readonly name: string;
  /** Null without the host's network. */
  readonly host: HostFiles | null;

  constructor(name: string, host: HostFiles | null) {
    this.name = name;
    this.host = host;
  }

  get hosts(): Uint8Array {
    if (this.host !== null) return this.host.hosts;
    return encode(
      ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', `127.0.1.1 ${this.name}`, ''].join('\n'),
    );
  }

  get hostname(): Uint8Array {
    return encode(`${this.name}\n`);
  }

  /** No server without the host's network: a name look-up fails at once then instead of waiting for an answer. */
  get resolvConf(): Uint8Array {
    return this.host?.resolvConf ?? encode('');
  }
}

type NonNullableFiles = { readonly [Name in keyof StartFacts['files']]: Uint8Array };

/** As things stand now. */
export function etcFiles(hostname: string, network: 'none' | 'host'): EtcFiles {
  const host = network === 'host' ? { hosts: contentOf(hostsPath), resolvConf: contentOf(resolvPath) } : null;
  return new EtcFiles(hostname, host);
}

const known = new Map<string, { readonly file: BigIntStats; readonly content: Uint8Array }>();

/** Read again when the file is another, or was written to; empty when it cannot be read. */
function contentOf(path: string): Uint8Array {
  try {
    const file = statSync(path, { bigint: true });
    const last = known.get(path);
    if (last !== undefined && isSame(last.file, file)) return last.content;
    const content = readFileSync(path);
    known.set(path, { file, content });
    return content;
  } catch {
    return new Uint8Array();
  }
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.size === other.size && one.mtimeNs === other.mtimeNs;
}

/**
 * What has to be so for the files to have the content that they had; null where they could not be read, or have been
 * written to since.
 */
export function etcEvidence({ host }: EtcFiles): readonly Change[] | null {
  if (host === null) return [];
  const [hosts, resolvConf] = [known.get(hostsPath), known.get(resolvPath)];
  if (hosts?.content !== host.hosts || resolvConf?.content !== host.resolvConf) return null;
  return [
    ['same', hostsPath, fileIdentity(hosts.file)],
    ['same', resolvPath, fileIdentity(resolvConf.file)],
  ];
}
