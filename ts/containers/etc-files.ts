import { readFileSync, type Stats, statSync } from 'node:fs';
import type { StartFacts } from '../plan/facts.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Content of the files under /etc that each container gets: the host's own where it shares the host's network. */
export function etcFiles(hostname: string, network: 'none' | 'host'): StartFacts['files'] {
  if (network === 'host') {
    return {
      hosts: contentOf('/etc/hosts'),
      hostname: encode(`${hostname}\n`),
      resolvConf: contentOf('/etc/resolv.conf'),
    };
  }
  const hosts = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', `127.0.1.1 ${hostname}`, ''];
  // No server: without a network, a name look-up fails at once instead of waiting for an answer.
  return { hosts: encode(hosts.join('\n')), hostname: encode(`${hostname}\n`), resolvConf: encode('') };
}

const known = new Map<string, { readonly file: Stats; readonly content: Uint8Array }>();

/** Read again when the file is another, or was written to; empty when it cannot be read. */
function contentOf(path: string): Uint8Array {
  try {
    const file = statSync(path);
    const last = known.get(path);
    if (last !== undefined && isSame(last.file, file)) return last.content;
    const content = readFileSync(path);
    known.set(path, { file, content });
    return content;
  } catch {
    return new Uint8Array();
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.size === other.size && one.mtimeMs === other.mtimeMs;
}
