import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { buildSync } from 'esbuild';
import { homeDirectory } from '../../../ts/store/home.ts';
import { requires } from '../../support/require.ts';

describe('the home directory', () => {
  it('is that of the environment', () => {
    expect(homeDirectory()).to.match(/^\//);
  });

  describe('of a number that no user has', () => {
    requires('root');

    it('is missed with what to name instead', () => {
      // Nothing of this checkout may be open to that user: the program comes as an argument.
      const contents = `import { homeDirectory } from ${JSON.stringify(resolve('ts/store/home.ts'))};
try { homeDirectory(); } catch ({ code, message, hint }) { console.log(JSON.stringify({ code, message, hint })); }`;
      const stdin = { contents, resolveDir: '/' };
      const { outputFiles } = buildSync({ stdin, bundle: true, write: false, platform: 'node', format: 'cjs' });
      const options = { encoding: 'utf8', env: {}, cwd: '/', uid: 54321, gid: 54321 } as const;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', outputFiles[0]?.text ?? ''], options);
      expect(stderr).to.equal('');
      expect(JSON.parse(stdout)).to.deep.equal({
        code: 'ORLOP_E_STORE',
        message: 'uid 54321 has no home directory to keep a store in',
        hint: 'name a directory with --root or ORLOP_ROOT, or set HOME',
      });
    });
  });
});
