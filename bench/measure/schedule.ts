/** Gives numbers from 0 up to 1; the same seed gives the same numbers (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A new list of the same items in another order (Fisher and Yates). */
export function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const rest = [...items];
  const shuffled: Item[] = [];
  while (rest.length > 0) shuffled.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return shuffled;
}

/**
 * Who is measured when: rounds in which each takes part at most once, in an order of its own for each round, so that
 * neither the neighbour nor a slow drift of the machine favours anybody. One with a share below 1 takes part in that
 * part of the rounds, spread evenly, and at least once.
 *
 * @returns indices into `shares`, by round
 */
export function schedule(shares: readonly number[], rounds: number, random: () => number): number[][] {
  return Array.from({ length: rounds }, (_, round) => {
    const taking = shares.flatMap((share, index) => (takesPart(share, round, rounds) ? [index] : []));
    return shuffle(taking, random);
  });
}

function takesPart(share: number, round: number, rounds: number): boolean {
  const turns = Math.min(rounds, Math.max(1, Math.round(share * rounds)));
  return Math.floor(((round + 1) * turns) / rounds) > Math.floor((round * turns) / rounds);
}
