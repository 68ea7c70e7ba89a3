import { readFile } from 'node:fs/promises';
import type { StartFacts } from '../plan/facts.ts';

/** Content of the files under /etc that each container gets: the host's own where it shares the host's network. */
export async function etcFiles(hostname: string, network: 'none' | 'host'): Promise<StartFacts['files']> {
  const encode = (text: string) => new TextEncoder().encode(text);
  if (network === 'host') {
    const [hosts, resolvConf] = await Promise.all([readOrEmpty('/etc/hosts'), readOrEmpty('/etc/resolv.conf')]);
    return { hosts, hostname: encode(`${hostname}\n`), resolvConf };
  }
  const hosts = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', `127.0.1.1 ${hostname}`, ''];
  // No server: without a network, a name look-up fails at once instead of waiting for an answer.
  return { hosts: encode(hosts.join('\n')), hostname: encode(`${hostname}\n`), resolvConf: encode('') };
}

async function readOrEmpty(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch {
    return new Uint8Array();
  }
}
