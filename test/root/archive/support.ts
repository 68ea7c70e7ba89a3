import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import {
  type ArchiveSums,
  type PackOptions,
  pack,
  type UnpackOptions,
  unpack,
} from '../../../ts/images/archive/index.ts';

type Unpacking = Partial<Omit<UnpackOptions, 'source' | 'directory'>>;

/** Unpacks a file into a new directory. */
export async function unpackFile(archive: string, directory: string, options: Unpacking = {}): Promise<ArchiveSums> {
  mkdirSync(directory, { mode: 0o700 });
  return withDescriptors([archive, 'r'], [directory, 'r'], (source, target) =>
    unpack({ source, directory: target, layer: false, ...options }),
  );
}

export async function packTo(
  directory: string,
  archive: string,
  options: Partial<PackOptions> = {},
): Promise<ArchiveSums> {
  return withDescriptors([directory, 'r'], [archive, 'w'], (source, output) =>
    pack({ directory: source, output, layer: false, compression: 'none', ...options }),
  );
}

async function withDescriptors<T>(
  first: [string, string],
  second: [string, string],
  use: (first: number, second: number) => Promise<T>,
): Promise<T> {
  const a = openSync(...first);
  const b = openSync(...second);
  try {
    return await use(a, b);
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

/** Runs a program and gives its output; fails with what it says when it fails. */
export function run(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

export const shell = (script: string, ...args: string[]) => run('bash', '-euc', script, 'bash', ...args);

/**
 * Writes an archive with Python's tarfile, which writes what it is told, hostile or not. The script has `tar` (a
 * TarFile) and `add(name, type=b'0', data=b'', **fields)`.
 */
export function pythonTar(file: string, script: string): void {
  pythonTars([[file, script]]);
}

/** Many at once: Python takes its time to start. */
export function pythonTars(archives: readonly (readonly [file: string, script: string])[]): void {
  run('python3', '-c', writer, JSON.stringify(archives));
}

const writer = `
import io, json, sys, tarfile
for file, script in json.loads(sys.argv[1]):
    with tarfile.open(file, 'w', format=tarfile.PAX_FORMAT, errors='surrogateescape') as tar:
        def add(name, type=b'0', data=b'', **fields):
            info = tarfile.TarInfo(name)
            info.type = type
            info.size = len(data)
            info.mode = 0o755 if type == b'5' else 0o644
            for key, value in fields.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
        exec(script)
`;

export const sha256 = (file: string) => `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;

/**
 * Everything about a tree that an archive keeps, as text: kind, mode, owner, size, time in ns, content, link target,
 * device, number of links, attributes. Names are escaped, so any bytes compare.
 */
export function listing(directory: string): string {
  return run('python3', '-c', lister, directory);
}

const lister = `
import hashlib, os, stat, sys
root = os.fsencode(sys.argv[1])
inodes = {}
def show(path, name):
    s = os.lstat(path)
    kind = stat.filemode(s.st_mode)
    out = [repr(name), kind, s.st_uid, s.st_gid, s.st_mtime_ns]
    if stat.S_ISREG(s.st_mode):
        out += [s.st_size, hashlib.sha256(open(path, 'rb').read()).hexdigest()]
        out.append(inodes.setdefault(s.st_ino, repr(name)))
    if stat.S_ISLNK(s.st_mode):
        out.append(repr(os.readlink(path)))
    if stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode):
        out.append(s.st_rdev)
    if not stat.S_ISLNK(s.st_mode):
        out += [(x, os.getxattr(path, x)) for x in sorted(os.listxattr(path))]
    print(*out)
    if stat.S_ISDIR(s.st_mode):
        for child in sorted(os.listdir(path)):
            show(os.path.join(path, child), os.path.join(name, child))
show(root, b'.')
`;
