import { RequestError } from '../../errors/index.ts';
import { type Digest, isDigest } from '../digest.ts';

/** The name of an image, in normal form: `docker.io/library/debian:trixie`. */
export interface ImageReference {
  /** `docker.io`, `registry.example:5000`, `[2001:db8::1]:5000`. */
  readonly domain: string;
  /** `library/debian`. */
  readonly path: string;
  /** Null only if the reference has a digest and no tag. */
  readonly tag: string | null;
  readonly digest: Digest | null;
}

/** Name of the built-in image: the host's own root file system. */
export const hostImage = 'host';

const defaultDomain = 'docker.io';
const officialPrefix = 'library/';
const defaultTag = 'latest';

// The grammar of github.com/distribution/reference, regexp.go.
const domainName = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/;
const domainIPv6 = /^\[[a-fA-F0-9:]+\]$/;
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagForm = /^\w[\w.-]{0,127}$/;
const maxNameLength = 255;

/**
 * Parses the name of an image like Docker: `debian` is `docker.io/library/debian:latest`.
 *
 * @throws {RequestError} ORLOP_E_REFERENCE
 */
export function parseReference(text: string): ImageReference {
  const refuse = (why: string, hint?: string): never => {
    throw new RequestError('ORLOP_E_REFERENCE', `'${text}' is not an image reference: ${why}`, { hint });
  };
  if (text === '') refuse('it is empty', `write a name such as 'debian:trixie'`);

  const [beforeDigest, digest] = cut(text, text.indexOf('@'));
  if (digest !== null && !isDigest(digest)) {
    refuse(`'${digest}' is not a digest`, `a digest is 'sha256:' and 64 hexadecimal digits`);
  }
  // A colon before the last slash belongs to a port.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const [name, tag] = cut(beforeDigest, colon);
  if (tag !== null && !tagForm.test(tag)) {
    refuse(
      `'${tag}' is not a tag`,
      'a tag has letters, digits, _ . and -, starts with none of . and -, and ends at 128',
    );
  }

  const { domain, path } = splitDomain(name);
  if (!isDomain(domain)) refuse(`'${domain}' is not a registry`);
  for (const component of path.split('/')) {
    if (component === '') refuse('a part of the name is empty');
    if (!pathComponent.test(component)) {
      const lower = name.toLowerCase();
      if (
        lower !== name &&
        path
          .toLowerCase()
          .split('/')
          .every((part) => pathComponent.test(part))
      )
        refuse('the repository has upper-case letters', `write '${lower}${text.slice(name.length)}'`);
      refuse(`'${component}' is not a repository name`, 'a name has a-z and 0-9, with . _ __ or - between them');
    }
  }
  if (`${domain}/${path}`.length > maxNameLength) refuse(`the name has more than ${maxNameLength} characters`);
  // Otherwise `run <64 digits>` would be ambiguous.
  if (/^(?:library\/)?[a-f0-9]{64}$/.test(path))
    refuse('a name of 64 hexadecimal digits is an image ID', 'choose another name');

  return {
    domain,
    path,
    tag: tag ?? (digest === null ? defaultTag : null),
    digest: digest as Digest | null,
  };
}

/**
 * Parses a new name for an image of this store. Refuses a digest and the name of the built-in image.
 *
 * @throws {RequestError} ORLOP_E_REFERENCE
 */
export function parseOwnReference(text: string): ImageReference {
  const reference = parseReference(text);
  if (reference.digest !== null) {
    throw new RequestError('ORLOP_E_REFERENCE', `'${text}' cannot be given to an image: its digest follows from it`, {
      hint: `leave out '@${reference.digest}'`,
    });
  }
  if (reference.domain === defaultDomain && reference.path === `${officialPrefix}${hostImage}`) {
    throw new RequestError('ORLOP_E_REFERENCE', `'${text}' cannot be given to an image: '${hostImage}' is built in`, {
      hint: 'choose another name',
    });
  }
  return reference;
}

/** The full name, as in the store: `docker.io/library/debian:trixie`. */
export function formatReference(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}${suffix(reference)}`;
}

/** The familiar name: `debian:trixie`. */
export function familiarReference(reference: ImageReference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

/** The familiar name without tag and digest: `debian`. */
export function familiarName({ domain, path }: ImageReference): string {
  const candidates = domain === defaultDomain ? [path.slice(officialPrefix.length), path] : [];
  // `docker.io/library/localhost/app` must not become `localhost/app`, which names another registry.
  const short = candidates.find((name) => {
    const meant = splitDomain(name);
    return meant.domain === domain && meant.path === path;
  });
  return short ?? `${domain}/${path}`;
}

function suffix({ tag, digest }: ImageReference): string {
  return `${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

function cut(text: string, at: number): [before: string, after: string | null] {
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** Splits off the registry. The part before the first slash is one if it looks like a host name; default Docker Hub. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const domain = slash > 0 && isHost ? first : defaultDomain;
  const path = slash > 0 && isHost ? name.slice(slash + 1) : name;
  if (domain !== defaultDomain && domain !== 'index.docker.io') return { domain, path };
  return { domain: defaultDomain, path: path.includes('/') ? path : `${officialPrefix}${path}` };
}

function isDomain(domain: string): boolean {
  const match = /^(.*?)(?::(\d{1,5}))?$/.exec(domain);
  const host = match?.[1] ?? '';
  return domainIPv6.test(host) || domainName.test(host);
}
