import { RequestError } from '../errors/index.ts';
import { checkText, quote } from './text.ts';
import type { NamespaceMode, NetworkMode } from './types.ts';

const name = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const nameHint = 'use letters, digits, _ . and -, and start with a letter or a digit';
const maxName = 255;

/** Checks a volume's name. It becomes a directory of the store, so it must not lead elsewhere. */
export function parseVolumeName(text: string): string {
  if (!name.test(text)) {
    const hint = `${nameHint}; a host path starts with / or ./`;
    throw new RequestError('ORLOP_E_VOLUME_NAME', `${quote(text)} is not a volume name`, { hint });
  }
  if (text.length > maxName) {
    throw new RequestError('ORLOP_E_VOLUME_NAME', `the volume name ${quote(text)} has more than ${maxName} letters`);
  }
  return text;
}

export function parseContainerName(text: string): string {
  if (!name.test(text) || text.length > maxName) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is not a container name`, { hint: nameHint });
  }
  return text;
}

/** Checks a host name: form of RFC 1123, at most the 64 bytes of sethostname(2). */
export function parseHostname(text: string): string {
  const label = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
  if (text.length > 64 || !text.split('.').every((part) => label.test(part))) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is not a host name`, {
      hint: 'use letters, digits and - in parts of at most 63, separated by dots, at most 64 in all',
    });
  }
  return text;
}

const maxId = 2 ** 32 - 2;

/** Checks the form of `user[:group]`. The names are looked up in the image later. */
export function parseUser(text: string): string {
  checkText('ORLOP_E_INPUT', 'the user', text);
  const parts = text.split(':');
  if (parts.length > 2 || parts.includes('')) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is not a user`, {
      hint: `write 'user' or 'user:group', names or numbers`,
    });
  }
  for (const part of parts) {
    if (/^-?\d+$/.test(part) && !(Number(part) >= 0 && Number(part) <= maxId)) {
      throw new RequestError('ORLOP_E_INPUT', `the ID ${quote(part)} is out of range`, {
        hint: `IDs are 0 to ${maxId}`,
      });
    }
  }
  return text;
}

/** Checks the form of a group. A name is looked up in the image later. */
export function parseAddedGroup(text: string): string {
  checkText('ORLOP_E_INPUT', 'the group', text);
  if (text !== '' && !text.includes(':')) return text;
  throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is not a group`, { hint: 'write a name or a number' });
}

const namespaces = {
  pid: { what: 'PID namespace', hint: `use 'private' (processes of its own, the default) or 'host'` },
  cgroupns: { what: 'cgroup namespace', hint: `use 'private' (its own control group, the default) or 'host'` },
} as const;

/** Parses `private` or `host`. An empty text is the default, as for Docker. */
export function parseNamespace(option: keyof typeof namespaces, text: string): NamespaceMode {
  if (text === 'host') return text;
  if (text === '' || text === 'private') return 'private';
  const { what, hint } = namespaces[option];
  if (/^(container|ns):/.test(text)) {
    throw new RequestError('ORLOP_E_LATER', `${what} ${quote(text)} comes with a later version`, { hint });
  }
  throw new RequestError('ORLOP_E_INPUT', `there is no ${what} ${quote(text)}`, { hint });
}

export function parseNetwork(text: string): NetworkMode {
  if (text === 'none' || text === 'host') return text;
  if (text === 'default') return 'none';
  if (text === 'bridge' || text === 'private' || /^(container|ns):/.test(text)) {
    throw new RequestError('ORLOP_E_LATER', `network ${quote(text)} comes with a later version`, {
      hint: `use 'none' (loopback only, the default) or 'host'`,
    });
  }
  throw new RequestError('ORLOP_E_INPUT', `there is no network ${quote(text)}`, {
    hint: `use 'none' (loopback only, the default) or 'host'`,
  });
}
