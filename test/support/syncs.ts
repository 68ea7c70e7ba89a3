import fs, { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Directories that `work` syncs, with their names at that time, without those of what is on its way out. */
export async function syncsOf(work: () => Promise<unknown>): Promise<{ path: string; names: string[] }[]> {
  const { fsync } = fs;
  const found: { path: string; names: string[] }[] = [];
  const listing = (fd: number, done: Parameters<typeof fsync>[1]) => {
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    const names = fstatSync(fd).isDirectory() ? readdirSync(path).filter((name) => !name.startsWith('gone.')) : [];
    found.push({ path, names });
    fsync(fd, done);
  };
  fs.fsync = Object.assign(listing, { __promisify__: fsync.__promisify__ });
  syncBuiltinESMExports();
  try {
    await work();
    return found;
  } finally {
    fs.fsync = fsync;
    syncBuiltinESMExports();
  }
}
