import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Orlop, type RunOptions } from '../../../ts/index.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { attributesWith, optionsFor } from '../../../ts/request/chosen-options.ts';
import { parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

const later = ['shared', 'rshared', 'slave', 'rslave', 'z', 'Z'];
const plain = ['nosuid', 'nodev', 'noexec', 'nodiratime', 'nosymfollow'] as const;

/** What mountinfo says of a mount with these attributes, proc_pid_mountinfo(5). */
function wordsOf(attributes: number): string[] {
  const words: string[] = plain.filter((name) => (attributes & attribute[name]) !== 0);
  words.push((attributes & attribute.readonly) === 0 ? 'rw' : 'ro');
  if ((attributes & attribute.noatime) !== 0) words.push('noatime');
  else if ((attributes & attribute.strictatime) === 0) words.push('relatime');
  return words.sort();
}

describe('an option of a mount', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  // A file system of its own, of which it is known what restricts it: nothing.
  const fixture = withOrlop({}, (root) => execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', root]));
  const sh = (script: string, options: RunOptions) => fixture().orlop.run('busybox', ['sh', '-c', script], options);

  /** A directory of the host that is a mount with these options, until it is let go. */
  function makeSource(options = 'rw', at = join(fixture().directory, `source-${number++}`)) {
    mkdirSync(at);
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at]);
    return { path: at, [Symbol.dispose]: () => execFileSync('umount', [at]) };
  }
  let number = 0;

  /** By target, what the container's mount table has of its mounts. */
  async function mounted(options: RunOptions): Promise<Map<string, string[]>> {
    const { stdout, stderr } = await sh('cat /proc/self/mountinfo', options);
    expect(stderr).to.equal('');
    return new Map(parseMounts(stdout).map(({ target, options: words }) => [target, [...words].sort()]));
  }

  for (const kind of ['bind', 'volume', 'tmpfs'] as const) {
    it(`is what the kernel has made of a ${kind}, for each option`, async () => {
      using source = makeSource();
      const names = optionsFor(kind).filter((name) => !later.includes(name));
      const specs = names.map((name) => `/t/${name}:${name}`);
      const sources = { bind: () => `${source.path}:`, volume: (index: number) => `data-${index}:`, tmpfs: () => '' };
      const texts = specs.map((spec, index) => `${sources[kind](index)}${spec}`);
      const mounts = await mounted(kind === 'tmpfs' ? { tmpfs: texts } : { volumes: texts });
      for (const name of names) {
        expect(mounts.get(`/t/${name}`), name).to.deep.equal(wordsOf(attributesWith(kind, [name])));
      }
    });
  }

  it('restricts together with others, from text and from objects', async () => {
    const names = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'nosymfollow'];
    const mounts = await mounted({
      volumes: [`all:/text:${names}`, { source: 'all', target: '/object', options: names }],
      tmpfs: [`/memory:${names},size=1m`, { target: '/more', readonly: true, options: ['nosymfollow', 'suid'] }],
    });
    const all = [...names].sort();
    for (const target of ['/text', '/object', '/memory']) expect(mounts.get(target), target).to.deep.equal(all);
    expect(mounts.get('/more')).to.deep.equal(['nodev', 'noexec', 'nosymfollow', 'relatime', 'ro']);
  });

  it('holds: nothing is executed below noexec, no link is followed below nosymfollow', async () => {
    using source = makeSource();
    const { path } = source;
    writeFileSync(join(path, 'program'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
    symlinkSync('program', join(path, 'link'));
    const { stdout } = await sh('for at in open noexec nolinks; do /$at/program; /$at/link; done 2>&1', {
      volumes: [`${path}:/open`, `${path}:/noexec:noexec`, `${path}:/nolinks:nosymfollow`],
    });
    expect(stdout.split('\n').slice(0, 2)).to.deep.equal(['ran', 'ran']);
    expect(stdout).to.match(/\/noexec\/program: Permission denied\n.*\/noexec\/link: Permission denied\nran\n/);
    expect(stdout).to.match(/\/nolinks\/link: .*(symbolic links|Symbolic link loop)/);
  });

  it('lifts nothing that the host’s own mount of the source restricts', async () => {
    using source = makeSource('ro,nosuid,nodev,noexec');
    const mounts = await mounted({ volumes: [`${source.path}:/t:rw,suid,dev,exec`] });
    expect(mounts.get('/t')).to.deep.equal(['nodev', 'noexec', 'nosuid', 'relatime', 'ro']);
  });

  it('is of all mounts below the source, unless only the source is mounted', async () => {
    using source = makeSource();
    using _below = makeSource('rw', join(source.path, 'below'));
    if (process.env.ORLOP_FEATURES !== '0') {
      const mounts = await mounted({ volumes: [`${source.path}:/t:noexec,nosymfollow`] });
      expect(mounts.get('/t/below')).to.include.members(['noexec', 'nosymfollow']);
    }
    const mounts = await mounted({ volumes: [`${source.path}:/t:bind,noexec`] });
    expect(mounts.has('/t/below')).to.equal(false);
    expect(mounts.get('/t')).to.include('noexec');
  });

  it('is recorded with the container, shown by inspect, and there when another program starts it', async () => {
    const argv = ['grep', ' /t ', '/proc/self/mountinfo'];
    const { id } = await fixture().orlop.create('busybox', argv, { volumes: ['kept:/t:noexec,dev'] });
    await using other = await Orlop.open(fixture());
    const container = await other.container(id);
    expect((await container.inspect()).Mounts[0]).to.include({ Mode: 'dev,noexec', RW: true });
    const running = await container.start();
    const [stdout] = await Promise.all([text(running.stdout ?? Readable.from([])), running.exited]);
    expect(parseMounts(stdout)[0]?.options).to.have.members(['rw', 'nosuid', 'noexec', 'relatime']);
    await container.remove();
  });
});
