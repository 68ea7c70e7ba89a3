import { createHash } from 'node:crypto';
import { RequestError } from '../errors/index.ts';

/** `sha256:` and 64 lower-case hexadecimal digits: the only algorithm of the store. */
export type Digest = `sha256:${string}`;

const form = /^sha256:[a-f0-9]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && form.test(text);
}

/**
 * The digits of a digest, for a file name. Every digest is checked here before it becomes a path: an unchecked digest
 * of an untrusted document could name any file.
 */
export function hexOf(digest: string): string {
  if (!isDigest(digest)) {
    throw new RequestError('ORLOP_E_INPUT', `'${digest}' is not a digest`, {
      hint: `a digest is 'sha256:' and 64 hexadecimal digits`,
    });
  }
  return digest.slice('sha256:'.length);
}

export function sha256(content: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/**
 * Chain IDs of a stack of layers, lowest first. Each names a layer together with all layers below it (OCI image
 * specification, config.md, "Layer ChainID").
 */
export function chainIds(diffIds: readonly string[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    hexOf(diffId);
    const below = chain.at(-1);
    chain.push(below === undefined ? (diffId as Digest) : sha256(`${below} ${diffId}`));
  }
  return chain;
}
