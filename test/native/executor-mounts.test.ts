import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attribute } from '../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../ts/plan/build.ts';
import type { BindMount, RootFacts, StartFacts } from '../../ts/plan/facts.ts';
import type { Op } from '../../ts/plan/types.ts';
import { makeBind, makeTmpfs } from '../support/facts.ts';
import { type MountEntry, parseMounts } from '../support/mounts.ts';
import { requires, requiresIn } from '../support/require.ts';
import {
  buildsNativeTests,
  featureSets,
  makeStore,
  type PlanRun,
  type RunOptions,
  runPlan,
  shellFacts,
} from '../support/run-plan.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Facts of a bind mount of an existing file or directory. */
function bind(source: string, target: string, changes: Partial<BindMount> = {}): BindMount {
  const { dev, ino } = statSync(source, { bigint: true });
  const type = statSync(source).isDirectory() ? 'directory' : 'file';
  return makeBind(target, { source, device: dev, inode: ino, type, ...changes });
}

for (const [name, features] of featureSets) {
  describe(`mounts of the executor, ${name}`, function () {
    this.timeout(120_000);
    requires('root', 'busybox', 'overlay');
    buildsNativeTests();
    const folder = temporaryDirectory();
    let root: RootFacts;
    let host: string;

    beforeEach(() => {
      root = makeStore(folder());
      host = join(folder(), 'host');
      mkdirSync(host);
    });

    function run(script: string, changes: Partial<StartFacts> = {}, options: RunOptions = {}): PlanRun {
      return runPlan(buildPlan(shellFacts(root, script, changes)), folder(), { features, ...options });
    }

    /** The mount table that the container has. */
    function mountsOf(changes: Partial<StartFacts> = {}, options: RunOptions = {}): MountEntry[] {
      const result = run('cat /proc/self/mountinfo', changes, options);
      expect(result.refused).to.equal(null);
      return parseMounts(result.stdout);
    }

    function entry(mounts: readonly MountEntry[], target: string): MountEntry {
      const found = mounts.findLast((mount) => mount.target === target);
      if (found === undefined) throw new Error(`nothing is mounted on ${target}`);
      return found;
    }

    it('unites the layers under the read-write layer, without devices', () => {
      const mounts = mountsOf();
      expect(entry(mounts, '/').type).to.equal('overlay');
      expect(entry(mounts, '/').options).to.include.members(['rw', 'nodev']);
      expect(mounts.every((mount) => mount.propagation.length === 0)).to.equal(true);
      expect(mounts.map((mount) => mount.target).sort()).to.deep.equal(
        ['/', '/dev', '/dev/mqueue', '/dev/pts', '/dev/shm', '/proc', '/sys'].sort(),
      );
    });

    it('writes what the application writes to the read-write layer only', () => {
      const result = run('echo new > /data/new; echo changed > /data/of-image');
      expect(result.code).to.equal(0);
      const upper = root.upper ?? '';
      expect(readFileSync(join(upper, 'data/new'), 'utf8')).to.equal('new\n');
      expect(readFileSync(join(upper, 'data/of-image'), 'utf8')).to.equal('changed\n');
      expect(readFileSync(join(root.layers[0] ?? '', 'data/of-image'), 'utf8')).to.equal('image');
    });

    it('leads a target that the image has to the directory of the host', () => {
      writeFileSync(join(host, 'of-host'), 'host');
      const result = run('ls /data; cat /data/of-host; echo back > /data/back', { mounts: [bind(host, '/data')] });
      expect(result.stdout).to.equal('of-host\nhost');
      expect(readFileSync(join(host, 'back'), 'utf8')).to.equal('back\n');
      expect(existsSync(join(root.upper ?? '', 'data'))).to.equal(false);
    });

    it('makes a missing mount point, whose content never reaches the read-write layer', () => {
      const result = run('echo x > /new/deep/place/f', { mounts: [bind(host, '/new/deep/place')] });
      expect(result.code).to.equal(0);
      const made = join(root.upper ?? '', 'new/deep/place');
      expect(readdirSync(made)).to.deep.equal([]);
      expect(statSync(made).mode & 0o7777).to.equal(0o755);
      expect(existsSync(join(host, 'f'))).to.equal(true);
    });

    it('mounts a single file, the same inode on both sides', () => {
      const file = join(host, 'one.conf');
      writeFileSync(file, 'one');
      const result = run('stat -c %i /etc/one.conf; cat /etc/one.conf', { mounts: [bind(file, '/etc/one.conf')] });
      expect(result.stdout).to.equal(`${statSync(file).ino}\none`);
      const made = statSync(join(root.upper ?? '', 'etc/one.conf'));
      expect([made.size, made.mode & 0o7777]).to.deep.equal([0, 0o644]);
    });

    it('keeps a target below links of the image inside the root', () => {
      const layer = root.layers[0] ?? '';
      symlinkSync('/etc', join(layer, 'absolute'));
      symlinkSync('../../../../../../../../data', join(layer, 'upwards'));
      symlinkSync('/not/yet/there', join(layer, 'dangling'));
      const mounts = mountsOf({
        mounts: [bind(host, '/absolute/a'), bind(host, '/upwards/b'), bind(host, '/dangling/c')],
      });
      const targets = mounts.map((mount) => mount.target);
      expect(targets).to.include.members(['/etc/a', '/data/b', '/not/yet/there/c']);
      expect(existsSync('/not')).to.equal(false);
    });

    it('attaches below what was attached last, also where a link of the image led that elsewhere', () => {
      const layer = root.layers[0] ?? '';
      mkdirSync(join(layer, 'a/b'), { recursive: true });
      mkdirSync(join(layer, 'a/c'));
      symlinkSync('/a', join(layer, 'a/link'));
      mkdirSync(join(host, 'c'));
      // The second covers `/a`, in which the first has its place already.
      const mounts = mountsOf({ mounts: [bind(host, '/a/b'), bind(host, '/a/link'), bind(host, '/a/c')] });
      expect(entry(mounts, '/a/c').parent).to.equal(entry(mounts, '/a').id);
      expect(entry(mounts, '/a/b').parent).to.equal(entry(mounts, '/').id);
      expect(existsSync(join(root.upper ?? '', 'a/c'))).to.equal(false);
    });

    it('attaches many in one directory, and makes those mount points that are missing', () => {
      mkdirSync(join(root.layers[0] ?? '', 'v/1'), { recursive: true });
      const targets = ['/v/1', '/v/2', '/v/3', '/data', '/v/2/below', '/v/4'];
      mkdirSync(join(host, 'below'));
      const mounts = mountsOf({ mounts: targets.map((target) => bind(host, target)) });
      expect(mounts.map(({ target }) => target)).to.include.members(targets);
      expect(entry(mounts, '/v/2/below').parent).to.equal(entry(mounts, '/v/2').id);
      expect(readdirSync(join(root.upper ?? '', 'v')).sort()).to.deep.equal(['2', '3', '4']);
      expect(readdirSync(host)).to.deep.equal(['below']);
    });

    it('gives up on links that lead in a circle', () => {
      symlinkSync('circle', join(root.layers[0] ?? '', 'circle'));
      expect(run('true', { mounts: [bind(host, '/circle/a')] }).refused).to.include({ step: 'attach', error: 'ELOOP' });
    });

    it('mounts the kernel’s file systems on plain directories only, wherever a link would lead', () => {
      const layer = root.layers[0] ?? '';
      mkdirSync(join(layer, 'elsewhere'));
      // Found while /proc is mounted, gone behind /dev when it is to be masked.
      mkdirSync(join(layer, 'dev'));
      symlinkSync('/elsewhere', join(layer, 'dev/way'));
      for (const target of ['/dev/way', '/elsewhere', 'elsewhere', '/not/yet/there']) {
        symlinkSync(target, join(layer, 'proc'));
        expect(run('true').refused, target).to.include({ step: 'attach', error: 'ELOOP' });
        rmSync(join(layer, 'proc'));
      }
      symlinkSync('/elsewhere', join(layer, 'sys'));
      expect(run('true').refused).to.include({ step: 'attach', error: 'ELOOP' });
    });

    it('follows no magic link', () => {
      symlinkSync('/proc/self/root/etc', join(root.layers[0] ?? '', 'magic'));
      expect(run('true', { mounts: [bind(host, '/magic/a')] }).refused).to.include({ step: 'attach', error: 'ELOOP' });
    });

    it('refuses a source that was replaced since it was looked at', () => {
      const result = run('true', { mounts: [bind(host, '/data', { inode: 1n })] });
      expect(result.refused).to.include({ step: 'bind', error: 'ESTALE' });
    });

    it('refuses a file that has got the inode of the directory that was looked at', () => {
      const mounts = [bind(host, '/data', { type: 'file' })];
      expect(run('true', { mounts }).refused).to.include({ step: 'bind', error: 'ESTALE' });
    });

    it('refuses a source that is not there', () => {
      const result = run('true', { mounts: [makeBind('/data', { source: join(host, 'absent') })] });
      expect(result.refused).to.include({ step: 'bind', error: 'ENOENT' });
    });

    it('refuses a directory on a file and a file on a directory', () => {
      const file = join(host, 'file');
      writeFileSync(file, '');
      const onFile = run('true', { mounts: [bind(host, '/data/of-image')] });
      expect(onFile.refused).to.include({ step: 'attach', error: 'ENOTDIR' });
      expect(run('true', { mounts: [bind(file, '/data')] }).refused).to.include({ step: 'attach', error: 'EISDIR' });
    });

    it('refuses a target that leads to the root itself, or into /proc', () => {
      symlinkSync('/', join(root.layers[0] ?? '', 'top'));
      expect(run('true', { mounts: [bind(host, '/top')] }).refused).to.include({ step: 'attach', error: 'EINVAL' });
      const file = join(host, 'file');
      writeFileSync(file, '');
      const onProc = run('true', { mounts: [bind(file, '/proc/version')] });
      expect(onProc.refused).to.include({ step: 'attach', error: 'EPERM' });
      expect(run('true', { mounts: [bind(host, '/proc/fs')] }).refused).to.include({ step: 'attach', error: 'EPERM' });
    });

    it('makes nothing in a new mount but by one name', () => {
      const plan = buildPlan(shellFacts(root, 'true'));
      for (const name of ['pts/below', '/null', 'below/', '.', '..', '']) {
        for (const changed of ['device', 'directory', 'symlink'] as const) {
          const prepare = plan.prepare.map((op): Op => (op.op === changed ? { ...op, name } : op));
          const { refused } = runPlan({ ...plan, prepare }, folder(), { features });
          expect(refused, `${changed} '${name}'`).to.include({ step: changed, error: 'EINVAL' });
        }
      }
    });

    it('takes a target as long as a path may be, and none that is longer', () => {
      const long = (length: number) => `/data${'/.'.repeat((length - 5) / 2)}`.padEnd(length, '/');
      expect(mountsOf({ mounts: [bind(host, long(4095))] }).map(({ target }) => target)).to.include('/data');
      const { refused } = run('true', { mounts: [bind(host, long(4096))] });
      expect(refused).to.include({ step: 'attach', error: 'ENAMETOOLONG' });
    });

    it('puts nothing over the /proc that it has attached, by whatever name', () => {
      symlinkSync('/', join(root.layers[0] ?? '', 'top'));
      for (const target of ['/proc', '/proc/', '//proc', '/./proc', '/top/proc', '/data/../proc']) {
        const plan = buildPlan(shellFacts(root, 'true', { mounts: [bind(host, '/data')] }));
        const volume = plan.enter.find((op) => op.op === 'attach' && op.target === '/data');
        if (volume?.op !== 'attach') throw new Error('no attach of the volume');
        const others = plan.enter.filter((op) => op !== volume);
        const after = others.findLastIndex((op) => op.op === 'attach') + 1;
        const enter = [...others.slice(0, after), { ...volume, target }, ...others.slice(after)];
        const result = runPlan({ ...plan, enter }, folder(), { features });
        expect(result.refused, target).to.include({ step: 'attach', error: 'EPERM' });
      }
    });

    it('sets the attributes of a volume and keeps those of its source', () => {
      const mounts = mountsOf(
        { mounts: [bind(host, '/data', { attributes: attribute.nosuid | attribute.readonly, device: 0n, inode: 0n })] },
        { host: `mount -t tmpfs -o noexec,nodev tmpfs ${host}` },
      );
      expect(entry(mounts, '/data').options).to.include.members(['ro', 'nosuid', 'nodev', 'noexec']);
    });

    it('refuses an attribute that it cannot set, rather than leave it out', () => {
      const attributes = 0x4000_0000;
      const error = features === 0 ? 'ENOSYS' : 'EINVAL';
      const onVolume = run('true', { mounts: [bind(host, '/data', { attributes })] });
      expect(onVolume.refused).to.include({ step: 'attributes', error });
      const onTmpfs = run('true', { mounts: [makeTmpfs('/data', { attributes })] });
      expect(onTmpfs.refused).to.include({ step: 'tmpfs', error });
    });

    it('leaves no mount a peer of the host', () => {
      const mounts = mountsOf(
        { mounts: [bind(host, '/data', { device: 0n, inode: 0n })] },
        {
          host: `mount -t tmpfs tmpfs ${host}; mount --make-shared ${host}; mkdir ${host}/below
            mount -t tmpfs tmpfs ${host}/below; mount --make-rshared /`,
        },
      );
      expect(entry(mounts, '/data/below').type).to.equal('tmpfs');
      expect(mounts.flatMap((mount) => mount.propagation)).to.deep.equal([]);
    });

    it('takes no mount of the host away where the plan has left some of them shared', () => {
      const plan = buildPlan(shellFacts(root, 'true'));
      const prepare = plan.prepare.map((op): Op => (op.op === 'propagation' ? { ...op, recursive: 0 } : op));
      const below = `mount -t tmpfs tmpfs ${host}; mkdir ${host}/below; mount -t tmpfs tmpfs ${host}/below`;
      // The shell shows the host's mounts after the run.
      const after = `${below}; mount --make-rshared /; "$@"; set -- cat /proc/self/mountinfo`;
      const result = runPlan({ ...plan, prepare }, folder(), { features, host: after });
      expect(result.refused).to.equal(null);
      const targets = parseMounts(result.stdout).map(({ target }) => target);
      expect(targets).to.include.members(['/proc', host, `${host}/below`]);
    });

    it('waits for no automounter: it takes an automount point as it is', function () {
      requiresIn(this, 'autofs');
      // Nobody reads the pipe. The kernel asks there, and waits, unless the caller is of the automounter's own group.
      const point = `mkfifo ${folder()}/pipe; exec 7<> ${folder()}/pipe
        mount -i -t autofs -o fd=7,pgrp=1,minproto=5,maxproto=5,direct none ${host}`;
      const mounts = mountsOf({ mounts: [bind(host, '/data', { device: 0n, inode: 0n })] }, { host: point });
      expect(entry(mounts, '/data').type).to.equal('autofs');
    });

    it('gives the terminals of the container to the group of terminals', () => {
      const options = run("grep ' /dev/pts ' /proc/self/mountinfo").stdout.trim().split(' ').at(-1)?.split(',');
      expect(options).to.include.members(['gid=5', 'mode=620', 'ptmxmode=666']);
    });

    it('shows what is mounted below the source only where that is asked for', () => {
      const below = `mount -t tmpfs tmpfs ${host}; mkdir ${host}/below; mount -t tmpfs tmpfs ${host}/below`;
      const changes = { device: 0n, inode: 0n, recursive: false };
      const mounts = mountsOf({ mounts: [bind(host, '/data', changes)] }, { host: below });
      expect(mounts.some((mount) => mount.target === '/data/below')).to.equal(false);
    });

    it('makes a volume read-only with all that is mounted below, or not at all', () => {
      const below = `mount -t tmpfs tmpfs ${host}; mkdir ${host}/below; mount -t tmpfs tmpfs ${host}/below`;
      const facts = { mounts: [bind(host, '/data', { attributes: attribute.readonly, device: 0n, inode: 0n })] };
      const result = run('cat /proc/self/mountinfo', facts, { host: below });
      if (features === 0) {
        expect(result.refused).to.include({ step: 'attributes', error: 'ENOSYS' });
      } else {
        const mounts = parseMounts(result.stdout);
        expect(entry(mounts, '/data').options).to.include('ro');
        expect(entry(mounts, '/data/below').options).to.include('ro');
      }
    });

    it('nests mounts, and a read-only tmpfs does not hide the volume in it', () => {
      writeFileSync(join(host, 'f'), 'inner');
      const facts = {
        mounts: [makeTmpfs('/box', { attributes: attribute.readonly, mode: 0o711 }), bind(host, '/box/inner')],
      };
      const result = run('cat /box/inner/f; echo x > /box/y || echo refused; stat -c %a /box', facts);
      expect(result.stdout).to.equal('innerrefused\n711\n');
      expect(lstatSync(join(root.upper ?? '', 'box')).isDirectory()).to.equal(true);
      // The mount itself has become so: below another one, it would be writable again without that.
      const boxes = mountsOf(facts).filter(({ target }) => target === '/box');
      expect(boxes.map(({ options }) => options.includes('ro'))).to.deep.equal([true]);
    });

    it('makes the root filesystem read-only after its mount points are made', () => {
      const facts = { root: { ...root, readOnly: true }, mounts: [bind(host, '/made')] };
      const result = run('echo x > /tmp/x || echo refused; echo y > /made/y', facts);
      expect(result.stdout).to.equal('refused\n');
      expect(existsSync(join(host, 'y'))).to.equal(true);
    });

    it('masks files and directories, makes paths read-only, and passes over what is not there', () => {
      const facts = {
        maskedPaths: ['/proc/interrupts', '/sys/firmware', '/proc/absent', '/etc/passwd/absent'],
        readonlyPaths: ['/proc/sys', '/absent'],
      };
      const script = 'cat /proc/interrupts; ls /sys/firmware; echo x > /proc/sys/kernel/hostname || echo refused';
      const result = run(script, facts);
      expect(result.refused).to.equal(null);
      expect(result.stdout).to.equal('refused\n');
      const mounts = mountsOf(facts);
      for (const target of ['/proc/interrupts', '/sys/firmware']) {
        expect(entry(mounts, target).options, target).to.include.members(['ro', 'nosuid', 'noexec']);
      }
    });

    it('makes a path read-only with the mounts below it, which stay in sight, or not at all', () => {
      writeFileSync(join(host, 'f'), 'inner');
      const facts = { mounts: [bind(host, '/data/inner')], readonlyPaths: ['/data'] };
      const script = 'cat /data/inner/f; echo x > /data/inner/y || echo refused; echo x > /data/z || echo refused';
      const result = run(script, facts);
      if (features === 0) expect(result.refused).to.include({ step: 'readonly', error: 'ENOSYS' });
      else expect(result.stdout).to.equal('innerrefused\nrefused\n');
    });

    it('gives each container the files that are made for it, without a trace of their content', () => {
      const result = run('cat /etc/hosts; stat -c %a /etc/hosts', {
        files: { hosts: new TextEncoder().encode('127.0.0.1 box\n'), hostname: null, resolvConf: null },
      });
      expect(result.stdout).to.equal('127.0.0.1 box\n644\n');
      expect(statSync(join(root.upper ?? '', 'etc/hosts')).size).to.equal(0);
    });

    it('makes the devices with exact modes whatever the umask of the caller is', () => {
      const old = process.umask(0o077);
      try {
        const result = run(
          'stat -c "%n %a %t:%T" /dev/null /dev/urandom; stat -c %a /dev/shm; readlink /dev/fd; readlink /dev/ptmx',
        );
        expect(result.stdout).to.equal('/dev/null 666 1:3\n/dev/urandom 666 1:9\n1777\n/proc/self/fd\npts/ptmx\n');
      } finally {
        process.umask(old);
      }
    });

    it('takes layers whose names are long or hold the separators of mount options', () => {
      const layers = [`with,comma`, 'with:colon', 'with\\backslash', 'n'.repeat(250)].map((part, index) => {
        const layer = join(folder(), part, 'diff');
        mkdirSync(layer, { recursive: true });
        writeFileSync(join(layer, `file-${index}`), part);
        return layer;
      });
      const result = run('cat /file-0 /file-1 /file-2 /file-3', {
        root: { ...root, layers: [...layers, ...root.layers] },
      });
      expect(result.refused).to.equal(null);
      expect(result.stdout).to.equal(`with,commawith:colonwith\\backslash${'n'.repeat(250)}`);
    });

    it('takes a store whose name holds the separators of mount options', () => {
      const result = run('echo new > /data/new', { root: makeStore(join(folder(), 'with\\backslash,comma:colon')) });
      expect(result.refused).to.equal(null);
      expect(result.code).to.equal(0);
    });

    it('follows no redirect that a layer holds to another directory', () => {
      const layer = join(folder(), 'layers/redirect/diff');
      mkdirSync(join(layer, 'elsewhere'), { recursive: true });
      const set = 'import os, sys; os.setxattr(sys.argv[1], "trusted.overlay.redirect", b"/data")';
      execFileSync('python3', ['-c', set, join(layer, 'elsewhere')]);
      const result = run('cat /elsewhere/of-image || echo none', {
        root: { ...root, layers: [layer, ...root.layers] },
      });
      expect(result.refused).to.equal(null);
      expect(result.stdout).to.equal('none\n');
    });

    it('shows one layer without a read-write layer as it is, read-only', () => {
      const [layer = '', points = ''] = root.layers;
      for (const name of readdirSync(points)) mkdirSync(join(layer, name));
      const single = { ...root, layers: [layer], upper: null, work: null };
      const result = run('cat /data/of-image; echo x > /data/x || echo refused', { root: single });
      expect(result.stdout).to.equal('imagerefused\n');
    });
  });
}
