import { open } from 'node:fs/promises';

/** Opens a path for reading, or takes a descriptor as it is, which stays the caller's. */
export async function withSource<Result>(
  source: string | number,
  use: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  if (typeof source === 'number') return use(source);
  const file = await open(source, 'r');
  try {
    return await use(file.fd);
  } finally {
    await file.close();
  }
}
