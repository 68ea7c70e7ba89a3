import { type ErrorCode, RequestError } from '../errors/index.ts';

/**
 * Refuses a text that no program can receive: with a NUL, where the kernel would silently cut it, or with half of a
 * surrogate pair, which Node would silently replace.
 */
export function checkText(code: ErrorCode, what: string, text: string): void {
  if (text.includes('\0')) {
    throw new RequestError(code, `${what} contains a NUL byte`, { hint: 'remove it; no program can receive one' });
  }
  if (/\p{Surrogate}/u.test(text)) {
    throw new RequestError(code, `${what} contains half of a surrogate pair`, {
      hint: 'it is no text: was it cut in the middle of a character?',
    });
  }
}

/** Quotes a text for a message, with escaped control characters. */
export function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return `'${shown.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`;
}

/** The closest candidate, if at most a third of its letters differ, or one of two. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance <= allowedDistance(candidate)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function allowedDistance({ length }: string): number {
  return length === 2 ? 1 : Math.floor(length / 3);
}

/** Optimal string alignment distance: insertion, deletion, substitution, exchange of neighbours cost 1 each. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 0; i <= a.length; i++) {
    const row: number[] = [];
    rows.push(row);
    for (let j = 0; j <= b.length; j++) {
      if (i === 0 || j === 0) {
        row.push(i + j);
        continue;
      }
      let cost = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(i - 2, j - 2) + 1);
      row.push(cost);
    }
  }
  return at(a.length, b.length);
}
