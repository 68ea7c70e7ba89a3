/**
 * Number of objects that are worked on at once. Each opens a file or two: more would take time from each other, and all
 * at once would be too many open files.
 */
const maxAtOnce = 16;

/** Calls `work` for each item, for some of them at a time, and gives the results in the order of the items. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(maxAtOnce, items.length) }, worker));
  return results;
}
