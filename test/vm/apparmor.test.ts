import { expect } from 'chai';
import { Guest, type GuestUser } from '../support/guest.ts';
import { requires } from '../support/require.ts';

describe('mandatory access control by AppArmor', function () {
  this.timeout(600_000);
  requires('root', 'x64', 'vm', 'addon', 'archive', 'helper', 'cli', 'busybox');
  let guest: Guest;
  before(async () => {
    guest = await Guest.boot();
    for (const user of ['root', 'alice'] as const) await output(user, `orlop import -q ${guest.archive} busybox`);
  });
  after(() => guest?.end());

  /** The guest's `/var/lib` is on an overlay, which cannot be the upper layer of another. */
  function run(user: GuestUser, script: string): ReturnType<Guest['run']> {
    return guest.run(user, user === 'root' ? `export ORLOP_ROOT=/run/store\n${script}` : script);
  }

  async function output(user: GuestUser, script: string): Promise<string> {
    const { status, stdout, stderr } = await run(user, script);
    expect(status, `${script}\n${stderr}`).to.equal(0);
    return stdout;
  }

  /** Executes a program of the library, in which there is `orlop`, the import of it and an image `busybox`. */
  function program(user: GuestUser, text: string): Promise<string> {
    const file = `/tmp/program-${user}.mjs`;
    const index = guest.orlop.replace('cli/orlop.cjs', 'index.js');
    const all = `import { Orlop } from '${index}';\nawait using orlop = await Orlop.open();\n${text}`;
    return output(
      user,
      `cat > ${file} <<'END'\n${all.replace('await using orlop =', 'const orlop =')}\nawait orlop.close();\nEND\nnode ${file}`,
    );
  }

  const label = 'cat /proc/self/attr/apparmor/current';
  const confined = 'orlop-default (enforce)\n';

  // In this order: the profile stays loaded.
  it('is none until the profile is loaded, and doctor says so', async () => {
    for (const user of ['root', 'alice'] as const) {
      expect(await output(user, `orlop run --rm busybox ${label}`)).to.equal('unconfined\n');
      expect(await output(user, 'orlop plan busybox true')).to.not.contain('apparmor');
      const doctor = await output(user, 'orlop doctor');
      expect(doctor).to.match(/^warn +AppArmor +.*'orlop-default' is not loaded\n *hint: .*doctor --fix/m);
      const { status, stderr } = await run(user, `orlop run --rm --security-opt apparmor=orlop-default busybox true`);
      expect(status).to.equal(125);
      expect(stderr).to.match(/no profile 'orlop-default'.*\nhint: 'sudo orlop doctor --fix'/);
    }
  });

  it('is loaded by doctor --fix, which leaves nothing to fix', async () => {
    const told = await run('alice', 'orlop doctor --fix');
    expect(told.status).to.equal(1);
    expect(told.stdout).to.match(/^ {4}profile orlop-default flags=/m);
    const done = await output('root', 'orlop doctor --fix; cat /sys/kernel/security/apparmor/profiles');
    expect(done).to.contain('execute /usr/sbin/apparmor_parser -r /etc/apparmor.d/orlop-default\n');
    expect(done).to.contain('done: AppArmor has the profile of /etc/apparmor.d/orlop-default\n');
    expect(done).to.match(/^orlop-default \(enforce\)$/m);
    for (const user of ['root', 'alice'] as const) {
      expect(await output(user, 'orlop doctor --fix')).to.equal('nothing is left to fix\n');
      expect(await output(user, 'orlop doctor')).to.match(/^ok +AppArmor +the profile 'orlop-default' \(enforce\)$/m);
    }
  });

  for (const user of ['root', 'alice'] as const) {
    describe(`for ${user}`, () => {
      // What a user's launcher has confines nothing.
      const open = user === 'root' ? 'unconfined\n' : 'orlop-launcher (unconfined)\n';

      it('holds every container, and plan names the profile', async () => {
        expect(await output(user, `orlop run --rm busybox ${label}`)).to.equal(confined);
        expect(await output(user, 'orlop plan busybox true')).to.match(
          /^ *\d+ +apparmor +orlop-default {2}# mandatory access control$/m,
        );
      });

      it('is left with apparmor=unconfined', async () => {
        const option = '--security-opt apparmor=unconfined';
        expect(await output(user, `orlop run --rm ${option} busybox ${label}`)).to.equal(open);
        expect(await output(user, `orlop plan ${option} busybox true`)).to.not.contain('apparmor');
      });

      it('denies what the options would allow', async () => {
        // Of a container that may mount, and whose /proc/sys and masked paths are shown.
        const wide = '--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt unmask=ALL';
        const tries = `'mkdir /m; mount -t tmpfs tmpfs /m && echo mounted
          echo 99 > /proc/sys/net/core/somaxconn && echo net
          head -c 1 /sys/firmware/memmap/0/start > /dev/null && echo firmware
          echo 7 > /proc/sys/kernel/shmmni && echo shm
          echo hi > /file && cat /file && kill -0 1 && echo signals
          readlink /proc/1/exe > /dev/null && echo traces; :'`;
        const can = async (options: string) =>
          (await output(user, `orlop run --rm ${wide} ${options} busybox sh -c ${tries}`)).split('\n').slice(0, -1);
        const allowed = ['shm', 'hi', 'signals', 'traces'];
        expect(await can('')).to.deep.equal(allowed);
        // In a user namespace, the parameters of a network belong to root of the machine.
        const more = user === 'root' ? ['mounted', 'net', 'firmware'] : ['mounted', 'firmware'];
        expect(await can('--security-opt apparmor=unconfined')).to.deep.equal([...more, ...allowed]);
      });

      it('holds a further command in a running container, as its application', async () => {
        const label = ['cat', '/proc/self/attr/apparmor/current'];
        const told = await program(
          user,
          `for (const securityOpt of [[], ['apparmor=unconfined'], ['no-new-privileges=false']]) {
            const container = await orlop.create('busybox', ['sleep', '600'], { rm: true, securityOpt });
            await container.start();
            console.log((await container.exec(${JSON.stringify(label)})).stdout.trim());
            await container.kill();
          }`,
        );
        // Of a user, the command is a child of the program, which is in no profile.
        expect(told).to.equal(`${confined}unconfined\n${confined}`);
      });

      it('is what inspect shows of a running container', async () => {
        const shown = await program(
          user,
          `for (const securityOpt of [[], ['apparmor=unconfined']]) {
            const container = await orlop.create('busybox', ['sleep', '600'], { rm: true, securityOpt });
            const running = await container.start();
            console.log((await container.inspect()).AppArmorProfile);
            await container.kill();
            await running.exited;
          }`,
        );
        expect(shown).to.equal(`orlop-default\n${open.replace(' (unconfined)', '')}`);
      });

      it('holds later starts of a program, and the containers of a pool', async () => {
        const argv = JSON.stringify(label.split(' '));
        const shown = await program(
          user,
          `const show = async (one) => process.stdout.write((await one).stdout);
          for (let number = 0; number < 3; number++) await show(orlop.run('busybox', ${argv}));
          for (const securityOpt of [[], ['apparmor=unconfined']]) {
            const pool = await orlop.pool('busybox', { size: 1, securityOpt });
            for (let number = 0; number < 2; number++) await show(pool.run(${argv}));
            await pool.close();
          }`,
        );
        expect(shown).to.equal(`${confined.repeat(5)}${open.repeat(2)}`);
      });

      it('is another profile on request, one in a profile too, and refused if it is not loaded', async () => {
        await output(
          'root',
          `cat > /run/other <<END
profile /srv/other.d flags=(attach_disconnected) {
  file, signal, network, capability,
  profile inner flags=(attach_disconnected) { file, signal, network, capability, }
}
END
apparmor_parser -r /run/other`,
        );
        for (const name of ['/srv/other.d', '/srv/other.d//inner']) {
          const shown = await output(user, `orlop run --rm --security-opt apparmor=${name} busybox ${label}`);
          expect(shown).to.equal(`${name} (enforce)\n`);
        }
        for (const name of ['other.d', '/srv/other.d//none', '/srv/other/d']) {
          const { status, stderr } = await run(user, `orlop run --rm --security-opt apparmor=${name} busybox true`);
          expect(status, name).to.equal(125);
          expect(stderr).to.contain(`no profile '${name}'`);
        }
      });
    });
  }

  it('holds a container in a user namespace, one with the /proc of its caller, and one that orlop-launcher starts', async () => {
    for (const [user, options] of [
      ['root', '--userns auto'],
      ['root', '--userns auto --security-opt systempaths=host'],
      ['alice', '--security-opt systempaths=host'],
      // orlop-launcher starts it, which has a profile that confines nothing.
      ['root', '--isolation process'],
    ] as const) {
      // The guest's /run is a tmpfs, which shows other owners since Linux 6.3.
      expect(await output(user, `orlop run --rm ${options} busybox ${label}`), options).to.equal(confined);
    }
  });

  it('holds with the system calls of older kernels too', async () => {
    expect(await output('root', `export ORLOP_FEATURES=0; orlop run --rm busybox ${label}`)).to.equal(confined);
  });

  it('is not written to a file that an image has in its /proc', async () => {
    const script = `mkdir tree; tar -C tree -xf ${guest.archive}
      for self in self thread-self; do
        mkdir -p tree/proc/$self/attr/apparmor; echo old > tree/proc/$self/attr/apparmor/exec
      done
      tar -C tree -cf tree.tar .; orlop import -q tree.tar hostile > /dev/null
      orlop run --name hostile hostile ${label}; orlop diff hostile; orlop rm hostile > /dev/null`;
    expect(await output('root', script)).to.equal(confined);
  });

  it('is said to be gone where it was unloaded after a program has prepared a start', async () => {
    const shown = await program(
      'root',
      `const { execFileSync } = await import('node:child_process');
      const show = async (one) => process.stdout.write((await one).stdout);
      await show(orlop.run('busybox', ['true']));
      execFileSync('apparmor_parser', ['-R', '/etc/apparmor.d/orlop-default']);
      const error = await orlop.run('busybox', ['true']).then(() => null, (error) => error);
      console.log(error?.code, error?.step, error?.hint);
      execFileSync('apparmor_parser', ['-r', '/etc/apparmor.d/orlop-default']);
      await show(orlop.run('busybox', ${JSON.stringify(label.split(' '))}));`,
    );
    expect(shown).to.match(
      /^ENOENT apparmor AppArmor has no profile 'orlop-default' any more.*\norlop-default \(enforce\)\n$/,
    );
  });

  it('is not chosen anew by a caller with a profile, whose containers have that', async () => {
    await output(
      'root',
      `cat > /run/around <<END
profile around flags=(attach_disconnected) {
  file, signal, network, capability, unix, ptrace, mount, umount, pivot_root,
}
END
apparmor_parser -r /run/around`,
    );
    const script = `cat > /tmp/inside <<'END'
node -- ${guest.orlop} run --rm busybox ${label}
END
aa-exec -p around -- sh /tmp/inside`;
    expect(await output('root', script)).to.equal('around (enforce)\n');
  });
});
