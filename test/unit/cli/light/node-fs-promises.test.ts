import { constants, mkdtempSync, rmSync } from 'node:fs';
import * as theirs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as ours from '../../../../ts/cli/light/node-fs-promises.ts';

type Files = Pick<typeof theirs, Exclude<keyof typeof ours, 'FileHandle'>>;

/** What a caller can tell apart: the value, or what is known of the error. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    return { code, syscall, message: message.replace(/'[^']*'/g, 'PATH') };
  }
}

/** Each is done by both in an empty directory of its own; the results have to be the same. */
const works: Record<string, (files: Files, directory: string) => Promise<unknown>> = {
  'writes and reads a file': async ({ writeFile, readFile }, directory) => {
    await writeFile(join(directory, 'f'), 'one\n', { mode: 0o600 });
    return [await readFile(join(directory, 'f'), 'utf8'), [...(await readFile(join(directory, 'f')))]];
  },
  'says what kind of file it is, without following a symlink': async ({ symlink, lstat, readlink }, directory) => {
    await symlink('nowhere', join(directory, 's'));
    return [(await lstat(join(directory, 's'))).isSymbolicLink(), await readlink(join(directory, 's'))];
  },
  'makes directories, and lists and removes them': async ({ mkdir, readdir, rmdir, rm }, directory) => {
    await mkdir(join(directory, 'a/b'), { recursive: true, mode: 0o700 });
    await mkdir(join(directory, 'c'));
    const names = await readdir(directory);
    await rmdir(join(directory, 'c'));
    await rm(join(directory, 'a'), { recursive: true });
    await rm(join(directory, 'a'), { force: true });
    return [names, await readdir(directory, { withFileTypes: true })];
  },
  'changes owner, mode and name': async ({ writeFile, chmod, chown, rename, stat }, directory) => {
    await writeFile(join(directory, 'f'), '');
    await chmod(join(directory, 'f'), 0o640);
    await chown(join(directory, 'f'), process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    await rename(join(directory, 'f'), join(directory, 'g'));
    return (await stat(join(directory, 'g'))).mode;
  },
  'links and unlinks': async ({ writeFile, link, unlink, stat }, directory) => {
    await writeFile(join(directory, 'f'), '');
    await link(join(directory, 'f'), join(directory, 'g'));
    await unlink(join(directory, 'f'));
    return (await stat(join(directory, 'g'))).nlink;
  },
  'reads and writes through an open file': async ({ open }, directory) => {
    const file = await open(join(directory, 'f'), 'wx+', 0o600);
    await file.writeFile('one ');
    await file.writeFile(Buffer.from('two'));
    await file.chmod(0o400);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(10), 2, 5, 0);
    const { size, mode } = await file.stat();
    await file.close();
    await file.close();
    const again = await open(join(directory, 'f'), constants.O_RDONLY | constants.O_NOFOLLOW);
    const text = await again.readFile('utf8');
    await again.close();
    return [bytesRead, [...buffer], size, mode, text, again.fd];
  },
  'empties an open file': async ({ open, writeFile, stat }, directory) => {
    await writeFile(join(directory, 'f'), 'to go');
    const file = await open(join(directory, 'f'), constants.O_WRONLY);
    await file.truncate();
    await file.close();
    return (await stat(join(directory, 'f'))).size;
  },
  'knows the space of a file system': async ({ statfs }) => (await statfs('/proc')).type,
  'resolves a path': async ({ realpath, symlink, mkdir }, directory) => {
    await mkdir(join(directory, 'd'));
    await symlink('d', join(directory, 's'));
    return (await realpath(join(directory, 's'))).slice((await realpath(directory)).length);
  },
  'fails for a file that is not there': ({ readFile }, directory) => readFile(join(directory, 'f'), 'utf8'),
  'fails for a file that is there': async ({ open }, directory) => {
    await (await open(join(directory, 'f'), 'wx')).close();
    return open(join(directory, 'f'), 'wx');
  },
  'fails for a directory that is not empty': async ({ mkdir, rename }, directory) => {
    await mkdir(join(directory, 'a'));
    await mkdir(join(directory, 'b/c'), { recursive: true });
    return rename(join(directory, 'a'), join(directory, 'b'));
  },
  'fails for a symlink that may not be followed': async ({ symlink, open }, directory) => {
    await symlink('nowhere', join(directory, 's'));
    return open(join(directory, 's'), constants.O_RDONLY | constants.O_NOFOLLOW);
  },
  'fails for a path that turns in circles': async ({ symlink, realpath }, directory) => {
    await symlink('s', join(directory, 's'));
    return realpath(join(directory, 's'));
  },
  'fails for a path with a NUL': ({ lstat }) => lstat('a\0b'),
};

describe('the files of the command line', () => {
  for (const [title, work] of Object.entries(works)) {
    it(`${title} as node:fs/promises does`, async () => {
      const done = await inTwo(
        (directory) => outcome(() => work(ours as unknown as Files, directory)),
        (directory) => outcome(() => work(theirs, directory)),
      );
      expect(done[0]).to.deep.equal(done[1]);
    });
  }
});

async function inTwo(...works: ((directory: string) => Promise<unknown>)[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const work of works) {
    const directory = mkdtempSync(join(tmpdir(), 'orlop-files-'));
    try {
      // Dirents and messages have the directory in them.
      results.push(JSON.parse((JSON.stringify(await work(directory)) ?? 'null').replaceAll(directory, 'DIRECTORY')));
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
  return results;
}
