import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LaunchError, RequestError } from '../../../ts/errors/index.ts';
import type { RunOptions } from '../../../ts/request/types.ts';
import { listing } from '../../support/cli-store.ts';
import { importTrap, replaceByLink } from '../../support/hostile-image.ts';
import { parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires, requiresIn } from '../../support/require.ts';

describe('an image that sets traps', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  let victim = '';
  let untouched: readonly string[] = [];
  before(() => {
    victim = join(fixture().directory, 'victim');
    mkdirSync(join(victim, 'directory'), { recursive: true });
    for (const name of ['file', 'hosts', 'resolv.conf', 'passwd']) writeFileSync(join(victim, name), 'precious\n');
    untouched = listing(victim);
  });

  afterEach(() => {
    expect(listing(victim), 'the directory outside').to.deep.equal(untouched);
  });

  const run = (script: string, options: RunOptions = {}) =>
    fixture().orlop.run('trap', ['sh', '-c', script], { ...options, timeout: 60_000 });

  /** The error of a start that the kernel or the executor refused. */
  async function refused(options: RunOptions = {}, argv: readonly string[] = ['true']): Promise<LaunchError> {
    const error = await fixture()
      .orlop.run('trap', argv, options)
      .then(
        () => new Error('it ran'),
        (reason: unknown) => reason,
      );
    if (!(error instanceof LaunchError)) throw error;
    expect((await fixture().orlop.containers.list({ all: true })).items).to.deep.equal([]);
    return error;
  }

  const ways = (): Readonly<Record<string, string>> => ({
    absolute: victim,
    'through ..': `${'../'.repeat(20)}${victim.slice(1)}`,
    dangling: '/nowhere/at/all',
  });
  const magic = ['/proc/self/root', '/proc/1/root', '/proc/self/cwd', '/proc/thread-self/root/../..'];

  for (const name of ['absolute', 'through ..', 'dangling'] as const) {
    it(`has its files of /etc inside when /etc is a link: ${name}`, async () => {
      await importTrap(fixture(), 'trap', (tree) => replaceByLink(tree, 'etc', ways()[name] ?? ''));
      const { stdout, exitCode } = await run('cat /etc/hosts');
      expect(exitCode).to.equal(0);
      expect(stdout).to.include('localhost');
    });

    it(`has its files of /etc inside when they are links: ${name}`, async () => {
      const way = ways()[name] ?? '';
      await importTrap(fixture(), 'trap', (tree) => {
        replaceByLink(tree, 'etc/hosts', name === 'dangling' ? way : join(way, 'hosts'));
        replaceByLink(tree, 'etc/resolv.conf', name === 'dangling' ? `${way}2` : join(way, 'resolv.conf'));
      });
      expect((await run('cat /etc/hosts')).stdout).to.include('localhost');
    });

    it(`has a volume, a tmpfs and the working directory inside when links lead out: ${name}`, async () => {
      const way = ways()[name] ?? '';
      await importTrap(fixture(), 'trap', (tree) => {
        for (const place of ['vol', 'tmp', 'work']) replaceByLink(tree, place, `${way}/${place}`);
      });
      const script =
        'echo v > /vol/f && echo t > /tmp/f && echo w > f && cat /vol/f /tmp/f /work/f && cat /proc/self/mountinfo';
      const options = { volumes: ['kept:/vol'], tmpfs: ['/tmp'], workdir: '/work' };
      const { stdout } = await run(script, options);
      expect(stdout).to.match(/^v\nt\nw\n/);
      const targets = parseMounts(stdout.slice(6)).map((mount) => mount.target);
      const inside = name === 'dangling' ? way : victim;
      expect(targets).to.include.members([`${inside}/vol`, `${inside}/tmp`]);
      await fixture().orlop.volumes.remove('kept');
    });
  }

  for (const way of magic) {
    it(`is refused when it leads files of /etc through ${way}`, async () => {
      await importTrap(fixture(), 'trap', (tree) => replaceByLink(tree, 'etc', `${way}${victim}`));
      expect(await refused()).to.include({ code: 'ELOOP', step: 'attach', exitCode: 125 });
    });

    it(`is refused when it leads the working directory through ${way}`, async () => {
      await importTrap(fixture(), 'trap', (tree) => replaceByLink(tree, 'work', `${way}${victim}`));
      expect(await refused({ workdir: '/work' })).to.include({ code: 'ELOOP', step: 'chdir', exitCode: 125 });
    });
  }

  it('is refused when its own working directory is a descriptor of the runtime', async () => {
    await importTrap(fixture(), 'trap', () => {}, ['WORKDIR /proc/self/fd/7']);
    expect((await refused()).step).to.equal('chdir');
    await importTrap(fixture(), 'trap', () => {}, ['WORKDIR /proc/self/cwd/etc']);
    expect(await refused()).to.include({ step: 'chdir', code: 'ELOOP' });
  });

  for (const place of ['proc', 'sys', 'dev']) {
    for (const [kind, trap, code] of [
      ['a link out', (tree: string) => replaceByLink(tree, place, victim), 'ELOOP'],
      ['a link to a place of its own', (tree: string) => replaceByLink(tree, place, 'data'), 'ELOOP'],
      ['a dangling link', (tree: string) => replaceByLink(tree, place, '/nowhere'), 'ELOOP'],
      ['a file', (tree: string) => writeFileSync(join(tree, place), ''), 'ENOTDIR'],
    ] as const) {
      it(`is refused when /${place} is ${kind}`, async () => {
        await importTrap(fixture(), 'trap', trap);
        expect(await refused()).to.include({ code, step: 'attach', dest: `/${place}`, exitCode: 125 });
      });
    }
  }

  it('gets no procfs that the masks do not cover, by a link that /dev then hides', async () => {
    await importTrap(fixture(), 'trap', (tree) => {
      for (const name of ['dev', 'elsewhere']) mkdirSync(join(tree, name));
      symlinkSync('/elsewhere', join(tree, 'dev/way'));
      replaceByLink(tree, 'proc', '/dev/way');
    });
    expect(await refused()).to.include({ code: 'ELOOP', dest: '/proc' });
  });

  it('cannot have a volume of its own in the place of /proc or of the root', async () => {
    for (const volume of ['/proc', '/', '/x/../proc/sys']) {
      await importTrap(fixture(), 'trap', () => {}, [`VOLUME ${volume}`]);
      const error = await fixture()
        .orlop.run('trap', ['true'])
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_TARGET');
    }
    expect((await fixture().orlop.volumes.list()).items).to.deep.equal([]);
  });

  for (const [kind, trap] of [
    ['a pipe that nobody writes to', (path: string) => execFileSync('mkfifo', [path])],
    ['a device', (path: string) => execFileSync('mknod', [path, 'c', '1', '5'])],
    ['a directory', (path: string) => mkdirSync(path)],
    ['longer than any', (path: string) => execFileSync('truncate', ['-s', '11M', path])],
    ['a link to that of the host', (path: string) => symlinkSync('/proc/self/root/etc/passwd', path)],
    ['a link up to that of the host', (path: string) => symlinkSync('../../../../../../etc/shadow/../passwd', path)],
  ] as const) {
    it(`is not asked who a user is when its /etc/passwd is ${kind}`, async function () {
      if (kind === 'a device') requiresIn(this, 'root');
      await importTrap(fixture(), 'trap', (tree) => {
        execFileSync('rm', [join(tree, 'etc/passwd')]);
        trap(join(tree, 'etc/passwd'));
      });
      const error = await fixture()
        .orlop.run('trap', ['id'], { user: 'daemon' })
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(RequestError).with.property('code', 'ORLOP_E_NO_USER');
    });
  }

  it('does not run what leads to the binary of the runtime', async () => {
    await importTrap(fixture(), 'trap', (tree) => {
      symlinkSync('/proc/self/exe', join(tree, 'bin/app'));
      symlinkSync('/proc/self/fd/0', join(tree, 'bin/input'));
      symlinkSync('/dev/fd/0', join(tree, 'bin/device'));
      for (const [name, line] of [
        ['script', '#!/proc/self/exe'],
        ['chain', '#!/bin/script'],
        ['linked', '#!/bin/app'],
        ['thread', '#!/proc/thread-self/exe -x'],
        // With its end, all that execve reads of a script.
        ['filled', `#!${'/proc/self/exe'.padStart(253, '/')}`],
      ] as const) {
        writeFileSync(join(tree, 'bin', name), `${line}\n`, { mode: 0o755 });
      }
    });
    for (const name of ['app', 'input', 'device', 'script', 'chain', 'linked', 'thread', 'filled']) {
      expect(await refused({}, [name]), name).to.include({ code: 'EACCES', step: 'exec', exitCode: 126 });
    }
    for (const path of ['/proc/self/exe', '/proc/1/exe', '/proc/self/root/bin/sh', '/dev/stdin']) {
      expect(await refused({}, [path]), path).to.include({ code: 'EACCES', step: 'exec', exitCode: 126 });
    }
  });

  it('gives no privileges by a set-id program', async function () {
    requiresIn(this, 'ids');
    const { directory, orlop } = fixture();
    const source = join(directory, 'set-id');
    mkdirSync(source);
    execFileSync('cp', ['/bin/cat', join(source, 'cat')]);
    execFileSync('chmod', ['4755', join(source, 'cat')]);
    const effective = async (volume: string, securityOpt: string[]) => {
      const options = { volumes: [volume], user: '1000:1000', securityOpt };
      const { stdout, stderr } = await orlop.run('host', ['/s/cat', '/proc/self/status'], options);
      return /^Uid:\s+\d+\s+(\d+)/m.exec(stdout)?.[1] ?? stderr;
    };
    expect(await effective(`${source}:/s`, [])).to.equal('1000');
    // Where the caller asks for it, and the volume allows it, it does.
    expect(await effective(`${source}:/s`, ['no-new-privileges=false'])).to.equal('0');
    const volume = await orlop.volumes.create('set-id');
    execFileSync('cp', ['-p', join(source, 'cat'), volume.mountpoint]);
    expect(await effective('set-id:/s', ['no-new-privileges=false'])).to.equal('1000');
    await orlop.volumes.remove('set-id');
  });
});
