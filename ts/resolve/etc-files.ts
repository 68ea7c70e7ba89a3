import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import type { StartFacts } from '../plan/facts.ts';
import type { DnsSettings } from '../request/name-resolution.ts';
import type { RunRequest } from '../request/types.ts';
import { fileIdentity } from '../store/file-identity.ts';
import type { Checked } from './checked.ts';

type Files = StartFacts['files'];

type Request = Pick<RunRequest, 'network' | 'extraHosts' | 'dns'>;

/**
 * Content of the files under /etc of a container: the host's own if it shares the host's network, with what the request
 * adds.
 *
 * @param hostname may be a hole
 */
export function etcFiles(hostname: string, { network, extraHosts = [], dns = noDns }: Request): Checked<Files> {
  const own = `${hostname}\n`;
  const added = extraHosts.map(({ name, address }) => `${address}\t${name}\n`).join('');
  if (network === 'none') {
    const value = { hosts: hostsOf(hostname) + added, hostname: own, resolvConf: resolvConf('', dns) };
    return { value, checks: [], repeatable: true };
  }
  const [hosts, resolver] = [hostFile('/etc/hosts'), hostFile('/etc/resolv.conf')];
  const value = {
    hosts: added === '' ? hosts.value : joined(hosts.value, added),
    hostname: own,
    resolvConf: isEmpty(dns) ? resolver.value : resolvConf(text(resolver.value), dns),
  };
  return {
    value,
    checks: [...hosts.checks, ...resolver.checks],
    repeatable: hosts.repeatable && resolver.repeatable,
  };
}

const noDns: DnsSettings = { servers: [], search: [], options: [] };

function isEmpty({ servers, search, options }: DnsSettings): boolean {
  return servers.length + search.length + options.length === 0;
}

function hostsOf(name: string): string {
  return ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', `127.0.1.1 ${name}`, ''].join('\n');
}

/** A last line without an end would run into the first one that is added. */
function joined(hosts: Uint8Array, added: string): Uint8Array {
  return Buffer.concat([hosts, Buffer.from(hosts.at(-1) === 0x0a || hosts.length === 0 ? added : `\n${added}`)]);
}

/**
 * The content of resolv.conf(5): what is set replaces the lines of its kind. Without a network and without servers it
 * is empty: a name look-up then fails at once instead of waiting for a server.
 */
export function resolvConf(own: string, { servers, search, options }: DnsSettings): string {
  const replaced = [
    ...(servers.length > 0 ? ['nameserver'] : []),
    ...(search.length > 0 ? ['search', 'domain'] : []),
    ...(options.length > 0 ? ['options'] : []),
  ];
  const kept = own
    .split('\n')
    .filter((line) => line !== '' && !replaced.includes(line.trimStart().split(/\s/)[0] ?? ''));
  const domains = search.filter((domain) => domain !== '.');
  const lines = [
    ...kept,
    ...servers.map((server) => `nameserver ${server}`),
    ...(domains.length > 0 ? [`search ${domains.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
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
