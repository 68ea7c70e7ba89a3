import * as v from 'valibot';
import { RequestError } from '../../errors/index.ts';
import { isDigest } from '../digest.ts';

/** Maximum bytes of a JSON document of an image. */
export const maxDocumentBytes = 4 * 1024 * 1024;
/** Maximum number of layers: overlayfs takes 500 lower layers, and one of them holds the mount points. */
export const maxLayers = 499;

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

const digest = v.custom<`sha256:${string}`>(isDigest, 'a digest is sha256: and 64 hexadecimal digits');
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Nullish, because Go writes null for empty values. */
const text = v.nullish(v.pipe(v.string(), v.check(isWithoutNul, 'a NUL is in it')), '');
const texts = v.nullish(v.array(v.pipe(v.string(), v.check(isWithoutNul, 'a NUL is in it'))), []);
const set = v.nullish(v.record(v.string(), v.unknown()), {});
const strings = v.nullish(v.record(v.string(), v.string()), {});

function isWithoutNul(value: string): boolean {
  return !value.includes('\0');
}

export const platformSchema = v.object({
  architecture: v.string(),
  os: v.string(),
  variant: text,
});

export const descriptorSchema = v.object({
  mediaType: text,
  digest,
  size,
  annotations: strings,
  platform: v.nullish(platformSchema),
});

/** An image manifest, OCI or Docker (schema 2). */
export const manifestSchema = v.object({
  schemaVersion: v.literal(2),
  mediaType: text,
  config: descriptorSchema,
  layers: v.pipe(v.array(descriptorSchema), v.maxLength(maxLayers)),
});

/** An image index (OCI) or manifest list (Docker). */
export const indexSchema = v.object({
  schemaVersion: v.literal(2),
  mediaType: text,
  manifests: v.array(descriptorSchema),
});

/** `manifest.json` of a docker-archive. */
export const dockerArchiveSchema = v.array(
  v.object({
    Config: v.string(),
    RepoTags: v.nullish(v.array(v.string()), []),
    Layers: v.nullish(v.pipe(v.array(v.string()), v.maxLength(maxLayers)), []),
  }),
);

/** The OCI image configuration, also Docker's. */
export const imageSchema = v.looseObject({
  created: v.nullish(v.string()),
  author: text,
  architecture: text,
  os: text,
  variant: text,
  comment: text,
  config: v.nullish(
    v.looseObject({
      User: text,
      ExposedPorts: set,
      Env: texts,
      Entrypoint: texts,
      Cmd: texts,
      Volumes: set,
      WorkingDir: text,
      Labels: strings,
      StopSignal: text,
    }),
  ),
  rootfs: v.object({
    type: v.literal('layers'),
    diff_ids: v.nullish(v.pipe(v.array(digest), v.maxLength(maxLayers)), []),
  }),
  history: v.nullish(
    v.array(
      v.object({
        created: v.nullish(v.string()),
        created_by: text,
        author: text,
        comment: text,
        empty_layer: v.nullish(v.boolean(), false),
      }),
    ),
    [],
  ),
});

/**
 * Parses an untrusted JSON document, with limited size and a schema.
 *
 * @param what name of the document in errors: `manifest.json of the archive`
 * @throws {RequestError} ORLOP_E_ARCHIVE
 */
export function parseDocument<const Schema extends v.GenericSchema>(
  content: Uint8Array,
  schema: Schema,
  what: string,
): v.InferOutput<Schema> {
  const json = parseJson(content, what);
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue);
  throw new RequestError('ORLOP_E_ARCHIVE', `${what} is not valid${where ? ` at ${where}` : ''}: ${issue.message}`);
}

export function parseJson(content: Uint8Array, what: string): unknown {
  if (content.length > maxDocumentBytes) {
    throw new RequestError('ORLOP_E_ARCHIVE', `${what} has more than ${maxDocumentBytes} bytes`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (cause) {
    throw new RequestError('ORLOP_E_ARCHIVE', `${what} is not JSON`, { cause });
  }
}

/**
 * Distinguishes a manifest from an index. Refuses a document that could be read as both: one program could check it as
 * a manifest, and another run it as an index (CVE-2021-41190).
 *
 * @throws {RequestError} ORLOP_E_ARCHIVE
 */
export function documentKind(document: unknown, declared: string, what: string): 'manifest' | 'index' {
  const fields = v.parse(v.looseObject({ mediaType: v.fallback(v.optional(v.string()), undefined) }), document ?? {});
  const refuse = (why: string): never => {
    throw new RequestError('ORLOP_E_ARCHIVE', `${what} is refused: ${why}`, {
      hint: 'the archive was made wrong or with intent; get it again from where it comes from',
    });
  };
  const isManifest = 'layers' in fields || 'config' in fields;
  const isIndex = 'manifests' in fields;
  if (isManifest && isIndex) refuse('it is a manifest and an index at once');
  if (!isManifest && !isIndex) refuse('it is neither a manifest nor an index');
  if ('fsLayers' in fields) refuse('it has fields of an older manifest too');
  const kind = isManifest ? 'manifest' : 'index';
  for (const type of [declared, fields.mediaType ?? '']) {
    if (type !== '' && kindOf(type) !== kind)
      refuse(`it is ${kind === 'index' ? 'an index' : 'a manifest'}, but declared as '${type}'`);
  }
  return kind;
}

function kindOf(mediaType: string): 'manifest' | 'index' | null {
  if (mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest) return 'manifest';
  if (mediaType === mediaTypes.index || mediaType === mediaTypes.dockerIndex) return 'index';
  return null;
}
