import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { debianArchive } from '../../support/debian.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

describe('a Debian made by debootstrap', function () {
  this.timeout(900_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'debootstrap');
  const fixture = withOrlop();
  before(async () => {
    await fixture().orlop.images.import(debianArchive(), { reference: 'debian:trixie' });
  });
  const run = async (argv: string[], volumes: string[] = []) => {
    const result = await fixture().orlop.run('debian:trixie', argv, { rm: true, volumes });
    expect(result.stderr).to.equal('');
    expect(result.exitCode).to.equal(0);
    return result.stdout;
  };

  it('runs its own programs', async () => {
    expect(await run(['apt-get', '--version'])).to.match(/^apt \d/);
    expect(await run(['perl', '-v'])).to.include('This is perl');
  });

  it('writes to a volume', async () => {
    await run(['sh', '-c', 'echo hi > /test/f'], ['debian-data:/test']);
    expect(readFileSync(join(fixture().root, 'volumes/debian-data/_data/f'), 'utf8')).to.equal('hi\n');
  });

  it('keeps a database on a volume when the container is removed and another one started', async () => {
    await run(
      [
        'sqlite3',
        '/db/test.sqlite',
        'create table t(x); insert into t values (1), (2), (39); pragma journal_mode=wal;',
      ],
      ['database:/db'],
    );
    expect(
      await run(['sqlite3', '/db/test.sqlite', 'select sum(x) from t; pragma integrity_check'], ['database:/db']),
    ).to.equal('42\nok\n');
  });
});
