import { RequestError } from '../errors/index.ts';
import { quote } from './text.ts';

/** An address of `/etc/hosts`, hosts(5). */
export interface ExtraHost {
  readonly name: string;
  readonly address: string;
}

/** What `/etc/resolv.conf` says, resolv.conf(5). An empty list leaves what it says anyway. */
export interface DnsSettings {
  readonly servers: readonly string[];
  /** Domains; `.` alone for none. */
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/**
 * Parses `NAME:ADDRESS` or `NAME=ADDRESS`; an address of IPv6 may be in brackets.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function parseExtraHost(text: string): ExtraHost {
  const at = text.search(/[:=]/);
  return extraHost(at < 0 ? text : text.slice(0, at), at < 0 ? '' : text.slice(at + 1));
}

/** @throws {RequestError} ORLOP_E_INPUT, ORLOP_E_LATER for `host-gateway` */
export function extraHost(name: string, given: string): ExtraHost {
  const address = given.replace(/^\[(.*)\]$/, '$1');
  if (address === 'host-gateway') {
    throw new RequestError('ORLOP_E_LATER', `the address 'host-gateway' of ${quote(name)} comes with a later version`, {
      hint: "until then: with '--network host' the host is 127.0.0.1",
    });
  }
  // A blank or a line break would begin another entry of the file.
  if (/^[^\s:=#\0]+$/.test(name) && isAddress(address)) return { name, address };
  throw new RequestError('ORLOP_E_INPUT', `${quote(`${name}:${given}`)} is no host with its address`, {
    hint: "write 'NAME:ADDRESS', as 'db:10.0.0.7' or 'db:[2001:db8::7]'",
  });
}

/** @throws {RequestError} ORLOP_E_INPUT */
export function parseDns({ servers, search, options }: DnsSettings): DnsSettings {
  for (const server of servers) {
    if (!isAddress(server)) {
      throw new RequestError('ORLOP_E_INPUT', `the name server ${quote(server)} is no IP address`, {
        hint: "write an address: '192.0.2.53'",
      });
    }
  }
  for (const domain of search) {
    if (!/^(?:\.|[\w-]+(?:\.[\w-]+)*\.?)$/.test(domain)) {
      throw new RequestError('ORLOP_E_INPUT', `${quote(domain)} is no domain to search`, {
        hint: "write 'example.org', or '.' for none",
      });
    }
  }
  for (const option of options) {
    if (!/^[\w:-]+$/.test(option)) {
      throw new RequestError('ORLOP_E_INPUT', `${quote(option)} is no option of resolv.conf`, {
        hint: "write 'ndots:2' or 'rotate'; resolv.conf(5) lists them",
      });
    }
  }
  return { servers, search, options };
}

function isAddress(text: string): boolean {
  // Loaded on use: it would cost each start of the command line.
  return process.getBuiltinModule('node:net').isIP(text) !== 0;
}
