import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import type { StartFacts } from '../plan/facts.ts';
import { fileIdentity } from '../store/file-identity.ts';
import type { Checked } from './checked.ts';

type Files = StartFacts['files'];

/**
 * Content of the files under /etc of a container: the host's own if it shares the host's network.
 *
 * @param hostname may be a hole
 */
export function etcFiles(hostname: string, network: 'none' | 'host'): Checked<Files> {
  const own = `${hostname}\n`;
  if (network === 'none') return { value: withoutNetwork(hostname, own), checks: [], repeatable: true };
  const [hosts, resolvConf] = [hostFile('/etc/hosts'), hostFile('/etc/resolv.conf')];
  const value = { hosts: hosts.value, hostname: own, resolvConf: resolvConf.value };
  return {
    value,
    checks: [...hosts.checks, ...resolvConf.checks],
    repeatable: hosts.repeatable && resolvConf.repeatable,
  };
}

/** Makes an empty resolv.conf: without a network, a name look-up then fails at once instead of waiting for a server. */
function withoutNetwork(name: string, hostname: string): Files {
  const hosts = ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', `127.0.1.1 ${name}`, ''].join('\n');
  return { hosts, hostname, resolvConf: new Uint8Array() };
}

/** Reads a file of the host; empty if that fails. */
function hostFile(path: string): Checked<Uint8Array> {
  try {
    // Stat before read: if the file is written to in between, the check fails.
    const facts: BigIntStats = statSync(path, { bigint: true });
    return { value: readFileSync(path), checks: [['same', path, fileIdentity(facts)]], repeatable: true };
  } catch {
    return { value: new Uint8Array(), checks: [], repeatable: false };
  }
}
