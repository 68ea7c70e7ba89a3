import type { InferOutput } from 'valibot';
import { RequestError } from '../errors/index.ts';
import { imageSchema, parseDocument } from './transfer/documents.ts';
import type { ImageConfig, ImageHistory } from './types.ts';

/** An OCI image configuration. Its digest is the image's ID. */
export interface ImageDocument {
  readonly created: string | null;
  readonly author: string;
  readonly comment: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant: string;
  readonly config: ImageConfig;
  /** Other fields of the `config` object (Healthcheck, OnBuild, Shell, …), kept for images made from this one. */
  readonly otherConfig: Readonly<Record<string, unknown>>;
  readonly diffIds: readonly string[];
  readonly history: readonly ImageHistory[];
}

/**
 * Reads an image configuration.
 *
 * @throws {RequestError} ORLOP_E_ARCHIVE
 */
export function decodeImage(content: Uint8Array, what: string): ImageDocument {
  const image = parseDocument(content, imageSchema, what);
  return {
    created: image.created ?? null,
    author: image.author,
    comment: image.comment,
    architecture: image.architecture,
    os: image.os,
    variant: image.variant,
    ...decodeConfig(image.config ?? {}, what),
    diffIds: image.rootfs.diff_ids,
    history: image.history.map((entry) => ({
      created: entry.created ?? null,
      createdBy: entry.created_by,
      author: entry.author,
      comment: entry.comment,
      emptyLayer: entry.empty_layer ?? false,
    })),
  };
}

type RawConfig = Partial<NonNullable<InferOutput<typeof imageSchema>['config']>>;

function decodeConfig(raw: RawConfig, what: string): Pick<ImageDocument, 'config' | 'otherConfig'> {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal, ...otherConfig } = raw;
  const volumes = Object.keys(Volumes ?? {}).sort();
  // Check paths from the image, which must not steer the runtime, before mounting or entering them.
  for (const path of [...volumes, WorkingDir || '/']) {
    if (!path.startsWith('/') || path.includes('\0')) {
      throw new RequestError('ORLOP_E_ARCHIVE', `${what} is not valid: '${path}' is not an absolute path`);
    }
  }
  const config: ImageConfig = {
    env: (Env ?? []).filter((entry) => entry.indexOf('=') > 0),
    entrypoint: Entrypoint ?? [],
    cmd: Cmd ?? [],
    workingDir: WorkingDir ?? '',
    user: User ?? '',
    volumes,
    labels: Labels ?? {},
    stopSignal: StopSignal ?? '',
    exposedPorts: Object.keys(ExposedPorts ?? {}).sort(),
  };
  return { config, otherConfig };
}

/** Encodes an image configuration. Equal documents give equal bytes, in any order of their parts. */
export function encodeImage(image: ImageDocument): string {
  const { config } = image;
  return JSON.stringify({
    ...(image.created === null ? {} : { created: image.created }),
    ...(image.author === '' ? {} : { author: image.author }),
    architecture: image.architecture,
    ...(image.variant === '' ? {} : { variant: image.variant }),
    os: image.os,
    ...(image.comment === '' ? {} : { comment: image.comment }),
    config: {
      ...image.otherConfig,
      ...(config.user === '' ? {} : { User: config.user }),
      ...(config.exposedPorts.length === 0 ? {} : { ExposedPorts: asSet(config.exposedPorts) }),
      ...(config.env.length === 0 ? {} : { Env: config.env }),
      ...(config.entrypoint.length === 0 ? {} : { Entrypoint: config.entrypoint }),
      ...(config.cmd.length === 0 ? {} : { Cmd: config.cmd }),
      ...(config.volumes.length === 0 ? {} : { Volumes: asSet(config.volumes) }),
      ...(config.workingDir === '' ? {} : { WorkingDir: config.workingDir }),
      ...(Object.keys(config.labels).length === 0 ? {} : { Labels: sorted(config.labels) }),
      ...(config.stopSignal === '' ? {} : { StopSignal: config.stopSignal }),
    },
    rootfs: { type: 'layers', diff_ids: image.diffIds },
    history: image.history.map((entry) => ({
      ...(entry.created === null ? {} : { created: entry.created }),
      ...(entry.createdBy === '' ? {} : { created_by: entry.createdBy }),
      ...(entry.author === '' ? {} : { author: entry.author }),
      ...(entry.comment === '' ? {} : { comment: entry.comment }),
      ...(entry.emptyLayer ? { empty_layer: true } : {}),
    })),
  });
}

function asSet(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries([...keys].sort().map((key) => [key, {}]));
}

function sorted(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
