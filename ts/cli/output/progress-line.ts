import type { Progress } from '../../api/types.ts';
import { ellipsis, humanSize, shortId } from './human.ts';

/**
 * A line of at most `width` columns: `loading debian.tar  layer 3f4a5b6c7d8e  412MB of 839MB  49%`. Where it does not
 * fit, the label is cut.
 *
 * @param label what the command does: `loading debian.tar`
 */
export function progressLine(label: string, { layer, bytes, totalBytes }: Progress, width: number): string {
  const facts = [
    ...(layer === undefined ? [] : [`layer ${shortId(layer)}`]),
    totalBytes === undefined ? humanSize(bytes) : `${humanSize(bytes)} of ${humanSize(totalBytes)}`,
    ...(totalBytes === undefined ? [] : [`${percent(bytes, totalBytes)}%`]),
  ].join('  ');
  const room = width - facts.length - 2;
  return room < 1 ? ellipsis(facts, width) : `${ellipsis(label, room)}  ${facts}`;
}

/** Rounded down: 100 only at the end. */
function percent(bytes: number, totalBytes: number): number {
  return totalBytes === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / totalBytes));
}

/** What ends sooner shows no progress, in ms. */
const firstMs = 500;
/** Shortest time between two drawings, in ms. */
const everyMs = 100;

/** Times of drawings. */
export class Redraws {
  #next: number;

  /** @param begin when the work began; times are in ms, of any one clock */
  constructor(begin: number) {
    this.#next = begin + firstMs;
  }

  /** True if a drawing is due. The next one is due some time later. */
  due(now: number): boolean {
    if (now < this.#next) return false;
    this.#next = now + everyMs;
    return true;
  }
}
