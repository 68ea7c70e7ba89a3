import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import type { Container } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { refusal } from '../../support/refusal.ts';
import { requires, requiresIn } from '../../support/require.ts';

describe('a container of this program, whose volume or profile has changed between create and start', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();

  const makeSource = (name: string, content: string): string => {
    const path = join(fixture().directory, name);
    mkdirSync(path);
    writeFileSync(join(path, 'f'), content);
    return path;
  };

  const create = (source: string, target = '/v') =>
    fixture().orlop.create('busybox', ['cat', `${target}/f`], { rm: true, volumes: [`${source}:${target}`] });

  async function outputOf(container: Container): Promise<string> {
    const running = await container.start();
    const [output] = await Promise.all([running.stdout === null ? '' : text(running.stdout), running.exited]);
    return output;
  }

  it('gets what stands at the source when it starts', async () => {
    const source = makeSource('replaced', 'old');
    const container = await create(source);
    unlinkSync(join(source, 'f'));
    // Another directory of the same name, with an inode of its own because it is made before the old one goes.
    const other = makeSource('other', 'new');
    rmdirSync(source);
    renameSync(other, source);
    expect(await outputOf(container)).to.equal('new');
  });

  it('follows a symbolic link anew', async () => {
    const link = join(fixture().directory, 'link');
    symlinkSync(makeSource('first', 'first'), link);
    const container = await create(link);
    unlinkSync(link);
    symlinkSync(makeSource('second', 'second'), link);
    expect(await outputOf(container)).to.equal('second');
  });

  it('uses the seccomp profile as it is when it starts', async () => {
    const profile = join(fixture().directory, 'profile.json');
    const write = (action: string) => {
      writeFileSync(
        profile,
        `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"${action}"}]}`,
      );
    };
    write('SCMP_ACT_ALLOW');
    const options = { rm: true, securityOpt: [`seccomp=${profile}`] };
    const containers = [];
    for (let number = 0; number < 2; number++) {
      containers.push(await fixture().orlop.create('busybox', ['mkdir', '/made'], options));
    }
    const exitCodes = [];
    for (const [index, action] of ['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO'].entries()) {
      write(action);
      exitCodes.push((await (await containers[index]?.start({ stderr: 'ignore' }))?.exited)?.exitCode);
    }
    expect(exitCodes).to.deep.equal([0, 1]);
  });

  it('fails when it has gone', async () => {
    const source = makeSource('gone', '');
    const container = await create(source);
    unlinkSync(join(source, 'f'));
    rmdirSync(source);
    expect(await refusal(container.start())).to.include({ code: 'ORLOP_E_SOURCE' });
  });

  it('fails when it has gone from a file system without a device, too', async function () {
    requiresIn(this, 'root');
    const directory = join(fixture().directory, 'memory');
    mkdirSync(directory);
    execFileSync('mount', ['-t', 'tmpfs', 'memory', directory]);
    try {
      const container = await create(makeSource('memory/gone', 'here'));
      rmSync(join(directory, 'gone'), { recursive: true });
      expect(await refusal(container.start())).to.include({ code: 'ORLOP_E_SOURCE' });
    } finally {
      execFileSync('umount', ['--lazy', directory]);
    }
  });

  it('gets a file where a directory stood, also when it has the same inode number', async () => {
    const source = join(fixture().directory, 'turned');
    mkdirSync(source);
    const options = { rm: true, volumes: [`${source}:/v`] };
    const container = await fixture().orlop.create('busybox', ['cat', '/v'], options);
    rmdirSync(source);
    writeFileSync(source, 'a file');
    expect(await outputOf(container)).to.equal('a file');
  });
});
