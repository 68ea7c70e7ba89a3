import type { ImageSummary } from '../types.ts';
import type { ImageRecord, TagRecord } from './records.ts';
import { familiarReference, parseReference } from './reference.ts';

/** Familiar form of a reference in normal form. */
export function familiar(reference: string): string {
  return familiarReference(parseReference(reference));
}

/** Entry of an image in a listing. */
export function summary(image: ImageRecord, tags: readonly TagRecord[], diskUsage: number): ImageSummary {
  return {
    id: image.id,
    references: tags.filter((tag) => tag.image === image.id).map((tag) => familiar(tag.reference)),
    created: image.created,
    size: image.size,
    diskUsage,
    labels: image.config.labels,
  };
}
