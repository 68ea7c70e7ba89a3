import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError, type RunOptions } from '../../../ts/index.ts';
import { capabilitiesOfKernel, ownCapabilities } from '../../../ts/linux/own-capabilities.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A device that every machine with the tests has, and no container. */
const fuse = '/dev/fuse';
const open = (path: string) => `(exec 3<>${path}) 2>&1 && echo opened ${path}`;
/** Lets root of a container make devices, so that the filter alone holds it. */
const makes = { capAdd: ['MKNOD'], securityOpt: ['seccomp=unconfined'] } as const;
// In /dev: the mount of the root filesystem has no devices.
const makeFuse = 'mknod /dev/made c 10 229';

describe('devices of the host', function () {
  this.timeout(120_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'fuse', 'cgroup-v2');
  const fixture = withOrlop();
  const directory = temporaryDirectory();
  const sh = async (script: string, options: RunOptions = {}) =>
    (await fixture().orlop.run('busybox', ['sh', '-c', script], { ...options, reject: false })).stdout;
  const refusal = async (options: RunOptions) => {
    const error = await fixture()
      .orlop.run('busybox', ['true'], options)
      .catch((thrown: unknown) => thrown);
    if (error instanceof RequestError) return error;
    throw new Error('expected a RequestError', { cause: error });
  };

  it('are in no container that does not ask for them, in any start of a program', async () => {
    for (let run = 0; run < 3; run++) {
      expect(await sh(`ls ${fuse} 2>&1`), `run ${run}`).to.contain('No such file');
      // EPERM of the filter: the file is there, and its mode allows it.
      const made = await sh(`${makeFuse} && ${open('/dev/made')}; ls /dev/made`, makes);
      expect(made)
        .to.contain('/dev/made: Operation not permitted')
        .and.to.match(/\/dev\/made\n$/);
    }
    expect(await sh('mknod /dev/n c 1 3 && echo x > /dev/n && echo written', makes)).to.equal('written\n');
  });

  it('are files of the container with the numbers, mode and owner of the host', async () => {
    const device = join(directory(), 'device');
    execFileSync('mknod', [device, 'c', '10', '229']);
    chmodSync(device, 0o640);
    chownSync(device, 7, 8);
    const devices = [fuse, `${device}:/dev/deep/below/x`, `${device}:/opt/elsewhere`];
    const script = `stat -c '%F %t:%T %a %u:%g' /dev/deep/below/x; ${open(fuse)}; ${open('/dev/deep/below/x')}`;
    for (let run = 0; run < 3; run++) {
      const shown = await sh(`${script}; ${open('/opt/elsewhere')}; chmod 777 /dev/deep/below/x`, { devices });
      expect(shown, `run ${run}`).to.equal(
        `character special file a:e5 640 7:8\nopened ${fuse}\nopened /dev/deep/below/x\nopened /opt/elsewhere\n`,
      );
    }
    expect(statSync(device).mode & 0o777).to.equal(0o640);
  });

  it('can be block devices, with less than all permissions', async () => {
    const disk = join(directory(), 'disk');
    // The first loop device: it is there, and bound to nothing.
    execFileSync('mknod', [disk, 'b', '7', '0']);
    const read = 'dd if=/dev/disk of=/dev/null count=1 2>/dev/null && echo read';
    const script = `${read}; (exec 3>/dev/disk) 2>&1; stat -c %F /dev/disk`;
    expect(await sh(script, { devices: [`${disk}:/dev/disk:r`] })).to.match(
      /^read\n.*Operation not permitted\nblock special file\n$/,
    );
    expect(await sh('(exec 3>/dev/disk) && echo opened', { devices: [`${disk}:/dev/disk`] })).to.equal('opened\n');
  });

  it('can be those of a directory', async () => {
    const all = join(directory(), 'all');
    mkdirSync(join(all, 'below'), { recursive: true });
    execFileSync('mknod', [join(all, 'a'), 'c', '10', '229']);
    execFileSync('mknod', [join(all, 'below', 'b'), 'c', '10', '229']);
    writeFileSync(join(all, 'file'), '');
    const devices = [`${all}:/dev/all`];
    expect(await sh(`cd /dev/all; find . -type c | sort; ${open('a')}`, { devices })).to.equal(
      './a\n./below/b\nopened a\n',
    );
  });

  it('replace the default, and are placed in what the user mounts', async () => {
    const host = join(directory(), 'dev');
    mkdirSync(host, { recursive: true });
    expect(await sh('stat -c %t:%T /dev/zero', { devices: [`${fuse}:/dev/zero`] })).to.equal('a:e5\n');
    const options = { volumes: [`${host}:/dev/mine`], devices: [`${fuse}:/dev/mine/f`] };
    expect(await sh(open('/dev/mine/f'), options)).to.equal('opened /dev/mine/f\n');
  });

  it('follow a device that is another one at the next start', async () => {
    const device = join(directory(), 'changing');
    const numbers = async () => sh('stat -c %t:%T /dev/x', { devices: [`${device}:/dev/x`] });
    execFileSync('mknod', [device, 'c', '10', '229']);
    expect(await numbers()).to.equal('a:e5\n');
    rmSync(device);
    execFileSync('mknod', [device, 'c', '1', '3']);
    expect(await numbers()).to.equal('1:3\n');
  });

  it('are allowed by rules, and by mounts with the option dev', async () => {
    const script = `${makeFuse} && ${open('/dev/made')}`;
    expect(await sh(script, { ...makes, deviceCgroupRules: ['c 10:* rwm'] })).to.equal('opened /dev/made\n');
    expect(await sh(script, { ...makes, deviceCgroupRules: ['c 10:200 rwm'] })).to.contain('Operation not permitted');
    expect(await sh(open('/f'), { volumes: [`${fuse}:/f:dev`] })).to.equal('opened /f\n');
  });

  it('are held in a pool', async () => {
    await using pool = await fixture().orlop.pool('busybox', { size: 1, devices: [fuse], ...makes });
    const { stdout } = await pool.run(['sh', '-c', `${open(fuse)}; mknod /dev/k c 1 11 && ${open('/dev/k')}`], {
      reject: false,
    });
    expect(stdout).to.match(/^opened \/dev\/fuse\n.*\/dev\/k: Operation not permitted\n$/);
  });

  it('are refused with a sentence: what is missing, and what is none', async () => {
    const file = join(directory(), 'file');
    writeFileSync(file, '');
    const missing = await refusal({ devices: ['/dev/no-such'] });
    expect(missing).to.include({ code: 'ORLOP_E_DEVICE' });
    expect(missing.message).to.equal("cannot give the device '/dev/no-such': the host has no such file");
    expect((await refusal({ devices: [file] })).message).to.contain('it is no device');
    const empty = join(directory(), 'empty');
    mkdirSync(empty);
    expect((await refusal({ devices: [empty] })).message).to.contain('the directory has no device');
  });

  it('are shown by plan and inspect', async () => {
    const { orlop } = fixture();
    const options = { devices: [`${fuse}:/dev/f:rw`], deviceCgroupRules: ['b 8:* r'] };
    const { text, devices } = await orlop.plan('busybox', ['true'], options);
    expect(devices).to.include.members(['c 1:3 rwm', 'c 10:229 rw', 'b 8:* r']);
    expect(text)
      .to.match(/^devices: c \*:\* m, .*b 8:\* r$/m)
      .and.to.match(/device +.*char 10:229.*# host \/dev\/fuse/);
    const container = await orlop.create('busybox', ['true'], options);
    const { HostConfig } = await container.inspect();
    expect(HostConfig).to.deep.include({
      Devices: [{ PathOnHost: fuse, PathInContainer: '/dev/f', CgroupPermissions: 'rw' }],
      DeviceCgroupRules: ['b 8:* r'],
      Privileged: false,
    });
    await container.remove();
  });
});

describe('a privileged container', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'fuse');
  const fixture = withOrlop();
  const run = async (script: string, options: RunOptions = {}) =>
    (await fixture().orlop.run('busybox', ['sh', '-c', script], { privileged: true, ...options })).stdout;

  it('has all capabilities, no filters, and all devices but terminals', async () => {
    const own = /^CapPrm:\s*(\S+)$/m.exec(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }))?.[1];
    const fields = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status";
    for (let start = 0; start < 3; start++) {
      const status = await run(`${fields}; ${makeFuse} && ${open('/dev/made')}; ${open(fuse)}`);
      expect(status).to.equal(
        `CapEff:\t${own}\nCapBnd:\t${own}\nNoNewPrivs:\t0\nSeccomp:\t0\nopened /dev/made\nopened ${fuse}\n`,
      );
    }
    const names = (await run('ls /dev')).split('\n');
    expect(names).to.include.members(['fuse', 'loop-control', 'null', 'pts']).and.not.include.members(['tty1', 'vcs']);
  });

  it('can write to /sys and /proc/sys, and mount', async () => {
    const mounts = await run('grep " /sys sysfs" /proc/self/mounts; mkdir /m; mount -t tmpfs t /m && echo mounted');
    expect(mounts)
      .to.match(/^sysfs \/sys sysfs rw,/)
      .and.to.contain('mounted');
    expect(await run('echo 99 > /proc/sys/kernel/msgmni && cat /proc/sys/kernel/msgmni')).to.equal('99\n');
    expect(await run('grep -cE " /proc/(kcore|sys) " /proc/self/mounts || :')).to.equal('0\n');
  });

  it('takes what is dropped or named, and shows it', async () => {
    const options = { capDrop: ['MKNOD'], securityOpt: ['no-new-privileges'] };
    const status = await run('grep NoNewPrivs /proc/self/status; mknod /x c 1 3 2>&1 || :', options);
    expect(status).to.match(/NoNewPrivs:\t1\n.*Operation not permitted/);
    const container = await fixture().orlop.create('busybox', ['true'], { privileged: true, capDrop: ['MKNOD'] });
    const { HostConfig, BoundingCaps } = await container.inspect();
    expect(HostConfig.Privileged).to.equal(true);
    expect(BoundingCaps).to.include('CAP_SYS_ADMIN').and.not.include('CAP_MKNOD');
    await container.remove();
  });

  it('is refused in a sandbox, with a user namespace of its own, and below a floor', async () => {
    const { orlop } = fixture();
    const failure = (work: Promise<unknown>) =>
      work.then(
        () => 'none',
        ({ message }) => message,
      );
    expect(await failure(orlop.sandbox('busybox', ['true'], { privileged: true }))).to.contain('a sandbox cannot be');
    expect(await failure(run('true', { userns: 'auto' }))).to.contain('cannot have a user namespace of its own');
    expect(await failure(run('true', { isolation: 'filter' }))).to.contain('no filter');
  });
});

describe('--cap-add ALL', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const fixture = withOrlop();

  it('gives what the caller holds, and names what it does not', () => {
    const { root } = fixture().orlop;
    const orlop = `node dist/cli/orlop.cjs --root ${root}`;
    const script = `${orlop} run --rm --cap-add ALL busybox grep CapBnd /proc/self/status`;
    const drop = '--drop=cap_sys_time,cap_sys_boot';
    const dropped: readonly string[] = ['CAP_SYS_TIME', 'CAP_SYS_BOOT'];
    const lacking = capabilitiesOfKernel().filter(
      (name) => dropped.includes(name) || !ownCapabilities().includes(name),
    );
    const { stdout, stderr, status } = spawnSync('capsh', [drop, '--', '-c', script], { encoding: 'utf8' });
    expect({ status, stderr: stderr.match(/^orlop: .*$/gm) }).to.deep.equal({
      status: 0,
      stderr: [`orlop: the container has all capabilities of the caller, who does not hold ${lacking.join(', ')}`],
    });
    const set = BigInt(`0x${/CapBnd:\t(\S+)/.exec(stdout)?.[1]}`);
    expect([22n, 25n, 21n].map((bit) => (set >> bit) & 1n)).to.deep.equal([0n, 0n, 1n]);
  });
});

describe('the filter of devices of version 1', function () {
  this.timeout(60_000);
  requires('root', 'addon', 'archive', 'overlay', 'busybox', 'fuse', 'cli', 'devices-v1');
  const fixture = withOrlop();

  it('holds where no cgroup v2 is mounted, and says so', () => {
    const { root } = fixture().orlop;
    const orlop = `node dist/cli/orlop.cjs --root ${root}`;
    const run = `${orlop} run --rm --cap-add MKNOD --security-opt seccomp=unconfined`;
    const script = (options: string) => `${run} ${options} busybox sh -c '${makeFuse} && ${open('/dev/made')}; :'`;
    const lines = [
      'umount -a -t cgroup2',
      script(''),
      script("--device-cgroup-rule 'c 10:229 rw'"),
      `${run} --device ${fuse}:r busybox sh -c '${open(fuse)}; head -c 0 ${fuse} && echo read'`,
      `${orlop} run --rm --privileged busybox sh -c '${makeFuse} && ${open('/dev/made')}'`,
      `${orlop} doctor | grep '^[a-z]* *devices'; ls -d /sys/fs/cgroup/devices/orlop/* 2>/dev/null || echo clean`,
    ];
    const { stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', lines.join('\n')], { encoding: 'utf8' });
    expect(stdout, stderr).to.match(
      new RegExp(
        [
          '^.*/dev/made: Operation not permitted',
          'opened /dev/made',
          '.*/dev/fuse: Operation not permitted',
          'read',
          'opened /dev/made',
          ".*devices +filtered, by the controller 'devices' of version 1",
          'clean\n$',
        ].join('\n'),
      ),
    );
  });
});
