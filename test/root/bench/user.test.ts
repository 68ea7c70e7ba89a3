import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { placeIn } from '../../../bench/ground/ground.ts';
import { makeTree } from '../../../bench/ground/image.ts';
import { NotReady } from '../../../bench/ground/not-ready.ts';
import { compilePrograms } from '../../../bench/ground/programs.ts';
import { asUser, giveToUser } from '../../../bench/ground/user.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the ordinary user of the benchmark', () => {
  requires('root');
  const directory = temporaryDirectory();

  /** A ground as far as the user needs it, with a file for a command line. */
  function groundFor() {
    chmodSync(directory(), 0o711);
    const place = placeIn(join(directory(), 'user'));
    for (const path of [place.directory, place.memory, place.scratch.disk]) mkdirSync(path);
    const cli = join(directory(), 'cli');
    writeFileSync(cli, '', { mode: 0o644 });
    const ground = { ...place, cli, prefix: asUser(resolve('.'), place) };
    return { ground, place: () => giveToUser(ground) };
  }

  function output([command = '', ...argv]: readonly string[]): string {
    return execFileSync(command, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('has a range of IDs, and all that it writes in its place', () => {
    const { ground, place } = groundFor();
    place();
    const script = 'id -u; cut -d: -f3 /etc/subuid; stat -c %u "$HOME" "$XDG_RUNTIME_DIR" .; cat /proc/self/status';
    const lines = output([...ground.prefix, 'sh', '-c', `cd ${ground.scratch.disk}; ${script}`]).split('\n');
    const uid = `${statSync(ground.directory).uid}`;
    expect(Number(uid)).to.be.above(0);
    expect(lines.slice(0, 5)).to.deep.equal([uid, '65536', uid, uid, uid]);
    expect(lines).to.include('CapEff:\t0000000000000000');
    expect(readdirSync(ground.directory).some((name) => name.startsWith('orlop-user-'))).to.equal(true);
  });

  it('is refused with a reason where it cannot read what is measured', () => {
    const { ground, place } = groundFor();
    chmodSync(ground.cli, 0o600);
    expect(place).to.throw(NotReady, `or not read ${ground.cli} (`);
  });

  it("has a runtime's bundle with an overlay in a user namespace, which leaves nothing", () => {
    const { ground, place } = groundFor();
    const [scratch, layer] = [ground.scratch.disk, ground.layers.disk];
    const { first, withOverlay } = compilePrograms('bench', directory());
    makeTree(layer, first);
    place();
    // A runtime that shows what it was given; its arguments are `run --bundle BUNDLE ID`.
    const runtime = ['sh', '-c', 'id -u; stat -f -c %T "$2/rootfs"; ls "$2/rootfs/bin"; touch "$2/rootfs/new"'];
    const command = [withOverlay, scratch, ground.cli, layer, ...runtime];
    expect(output([...ground.prefix, ...command]).split('\n')).to.deep.equal(['0', 'overlayfs', 'first', '']);
    expect([readdirSync(scratch), readdirSync(layer).includes('new')]).to.deep.equal([[], false]);
  });
});
