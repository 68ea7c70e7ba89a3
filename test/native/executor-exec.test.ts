import { chmodSync, copyFileSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attribute } from '../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../ts/plan/build.ts';
import type { RootFacts, StartFacts } from '../../ts/plan/facts.ts';
import type { Plan } from '../../ts/plan/types.ts';
import { makeBind, makeProcess } from '../support/facts.ts';
import { requires } from '../support/require.ts';
import { buildsNativeTests, featureSets, makeStore, type PlanRun, runPlan, shellFacts } from '../support/run-plan.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const execve = process.arch === 'arm64' ? 221 : 59;

for (const [name, features] of featureSets) {
  describe(`exec of the executor, ${name}`, function () {
    this.timeout(120_000);
    requires('root', 'busybox', 'overlay');
    buildsNativeTests();
    const folder = temporaryDirectory();
    let root: RootFacts;
    let layer: string;

    beforeEach(() => {
      root = makeStore(folder());
      layer = root.layers[0] ?? '';
    });

    function run(candidates: string[], argv = ['name'], changes: Partial<StartFacts['process']> = {}): PlanRun {
      const process = makeProcess({ candidates, argv, seccomp: null, ...changes });
      return runPlan(buildPlan(shellFacts(root, '', { process })), folder(), { features });
    }

    function program(path: string, content: string, mode = 0o755): void {
      mkdirSync(join(layer, path, '..'), { recursive: true });
      writeFileSync(join(layer, path), content);
      chmodSync(join(layer, path), mode);
    }

    it('tries the candidates in their order', () => {
      const result = run(['/usr/bin/sh', '/etc/sh', '/bin/sh'], ['sh', '-c', 'echo found']);
      expect(result.stdout).to.equal('found\n');
    });

    it('reports a program that is nowhere', () => {
      const { refused } = run(['/usr/bin/absent', '/data/of-image/absent', '/bin/absent']);
      expect(refused).to.include({ step: 'exec', error: 'ENOENT', detail: 2 });
      expect(refused?.call).not.to.equal(execve);
    });

    it('remembers the one that may not be run, if none other is there', () => {
      program('usr/bin/tool', 'text', 0o644);
      program('usr/bin/owners', 'text', 0o744);
      for (const name of ['tool', 'owners']) {
        const { refused } = run([`/usr/bin/${name}`, `/bin/${name}`], ['name'], { uid: 1000, gid: 1000 });
        expect(refused, name).to.include({ step: 'exec', error: 'EACCES', detail: 0 });
      }
      expect(run(['/etc', '/bin/true'], ['true']).code).to.equal(0);
    });

    it('runs a script by its interpreter, a chain of them too', () => {
      program('bin/inner', '#! /bin/sh\necho "$0 $1"\n');
      program('bin/outer', '#!/bin/inner\n');
      expect(run(['/bin/inner'], ['inner', 'x']).stdout).to.equal('/bin/inner x\n');
      expect(run(['/bin/outer'], ['outer', 'x']).stdout).to.equal('/bin/inner /bin/outer\n');
    });

    it('runs a program relative to the working directory', () => {
      program('data/here', '#!/bin/sh\npwd\n');
      expect(run(['./here'], ['here'], { cwd: '/data' }).stdout).to.equal('/data\n');
      expect(run(['../bin/true'], ['true'], { cwd: '/data' }).code).to.equal(0);
    });

    it('tells a missing interpreter from a missing program', () => {
      program('bin/script', '#!/no/such/interpreter\n');
      const { refused } = run(['/usr/bin/script', '/bin/script', '/sbin/script']);
      expect(refused).to.deep.include({ step: 'exec', error: 'ENOENT', detail: 1, call: execve });
    });

    it('reports a text that names no interpreter', () => {
      program('bin/text', 'echo hello\n');
      expect(run(['/bin/text']).refused).to.include({ step: 'exec', error: 'ENOEXEC' });
    });

    it('runs nothing that leads to the caller’s own binary, or to procfs at all', () => {
      symlinkSync('/proc/self/exe', join(layer, 'bin/link'));
      program('bin/script', '#!/proc/self/exe\n');
      symlinkSync('/bin/script', join(layer, 'bin/link-to-script'));
      for (const path of [
        '/proc/self/exe',
        '/bin/link',
        '/bin/script',
        '/bin/link-to-script',
        '/proc/self/root/bin/sh',
      ]) {
        expect(run([path]).refused, path).to.include({ step: 'exec', error: 'EACCES' });
      }
    });

    it('reads as much of a line that names an interpreter as execve does', () => {
      const filled = (name: string) => `#!/${name.padStart(252, '/')}`;
      program('bin/newline', `${filled('proc/self/exe')}\n`);
      program('bin/blank', `${filled('proc/self/exe')} x`);
      program('bin/thread', `#!${' '.repeat(200)}${'/proc/thread-self/exe'.padStart(53, '/')}\n`);
      for (const path of ['/bin/newline', '/bin/blank', '/bin/thread']) {
        expect(run([path]).refused, path).to.include({ step: 'exec', error: 'EACCES' });
      }
      program('bin/longest', `${filled('bin/sh')}\necho found`);
      expect(run(['/bin/longest']).stdout).to.equal('found\n');
      program('bin/cut', `#!/${'proc/self/exe'.padStart(253, '/')}\n`);
      expect(run(['/bin/cut']).refused).to.include({ step: 'exec', error: 'ENOEXEC' });
    });

    it('leaves no format to the host but those whose interpreters it knows', () => {
      program('bin/compiled', '\xf3\r\r\n of Python, for which a host may have an interpreter registered');
      const { refused } = run(['/bin/compiled']);
      expect(refused).to.include({ step: 'exec', error: 'ENOEXEC' });
      expect(refused?.call).not.to.equal(execve);
    });

    it('looks at the interpreter that an ELF file names', () => {
      program('bin/elf', '');
      writeFileSync(join(layer, 'bin/elf'), elfWithInterpreter('/proc/self/exe'));
      expect(run(['/bin/elf']).refused).to.include({ step: 'exec', error: 'EACCES' });
      writeFileSync(join(layer, 'bin/elf'), elfWithInterpreter('/lib/absent.so'));
      expect(run(['/bin/elf']).refused).to.include({ step: 'exec', error: 'ENOENT', call: execve });
      // With its NUL, the longest that the kernel takes, and one more, which the kernel refuses itself.
      writeFileSync(join(layer, 'bin/elf'), elfWithInterpreter('/proc/self/exe'.padStart(4095, '/')));
      expect(run(['/bin/elf']).refused).to.include({ step: 'exec', error: 'EACCES' });
      for (const length of [4096, 5000, 8000]) {
        writeFileSync(join(layer, 'bin/elf'), elfWithInterpreter('/proc/self/exe'.padStart(length, '/')));
        const { refused } = run(['/bin/elf']);
        expect(refused, String(length)).to.include({ step: 'exec', error: 'ENOEXEC', call: execve });
      }
    });

    it('looks at it as the kernel does, which goes by the machine and not by the class', () => {
      program('bin/elf', '');
      for (const elfClass of [0, 1, 3]) {
        const file = elfWithInterpreter('/proc/self/exe');
        file[4] = elfClass;
        writeFileSync(join(layer, 'bin/elf'), file);
        expect(run(['/bin/elf']).refused, String(elfClass)).to.include({ step: 'exec', error: 'EACCES' });
      }
      // Both at once: a 64-bit header that names a loader, and within it a 32-bit one that names another.
      const file = elfWithInterpreter('/lib/absent.so');
      const [at, name] = [file.length, Buffer.from('/proc/self/exe\0')];
      file.writeUInt16LE(3, 18); // EM_386
      file.writeUInt32LE(at, 28); // program headers
      file.writeUInt16LE(52, 40);
      file.writeUInt16LE(32, 42);
      file.writeUInt16LE(1, 44);
      const header = Buffer.alloc(32);
      header.writeUInt32LE(3, 0); // PT_INTERP
      header.writeUInt32LE(at + 32, 4);
      header.writeUInt32LE(name.length, 16);
      writeFileSync(join(layer, 'bin/elf'), Buffer.concat([file, header, name]));
      expect(run(['/bin/elf']).refused).to.include({ step: 'exec', error: 'EACCES' });
    });

    it('looks at as many headers of an ELF file as a kernel with large pages does', () => {
      program('bin/elf', '');
      for (const headers of [1, 17, 18, 300, 1170]) {
        writeFileSync(join(layer, 'bin/elf'), elfWithInterpreter('/proc/self/exe', headers));
        expect(run(['/bin/elf']).refused, String(headers)).to.include({ step: 'exec', error: 'EACCES' });
      }
    });

    describe('in a volume, where others may change it at any moment', () => {
      let volume: string;
      beforeEach(() => {
        volume = join(folder(), 'volume');
        mkdirSync(volume);
      });

      function inVolume(name: string, content: string): void {
        writeFileSync(join(volume, name), content);
        chmodSync(join(volume, name), 0o755);
      }

      function runThere(
        candidates: string[],
        argv: string[],
        changes: Partial<StartFacts['process']> = {},
        attributes = 0,
      ): PlanRun {
        const { dev, ino } = statSync(volume, { bigint: true });
        const mounts = [makeBind('/v', { source: volume, device: dev, inode: ino, attributes })];
        const process = makeProcess({ candidates, argv, seccomp: null, ...changes });
        return runPlan(buildPlan(shellFacts(root, '', { process, mounts })), folder(), { features });
      }

      it('runs a program', () => {
        copyFileSync('/bin/busybox', join(volume, 'busybox'));
        symlinkSync('busybox', join(volume, 'echo'));
        expect(runThere(['/v/echo'], ['echo', 'a', 'b']).stdout).to.equal('a b\n');
        expect(runThere(['./busybox'], ['sh', '-c', 'echo $0 $#', 'x', 'y'], { cwd: '/v' }).stdout).to.equal('x 1\n');
      });

      it('gives a script the arguments that the kernel would give it', () => {
        inVolume('show', '#!/bin/sh\nfor word in "$0" "$@"; do echo "[$word]"; done\n');
        expect(runThere(['/v/show'], ['other', 'a b', '']).stdout).to.equal('[/v/show]\n[a b]\n[]\n');
        expect(runThere(['./show'], ['other'], { cwd: '/v' }).stdout).to.equal('[./show]\n');
        inVolume('option', '#! \t/v/show  one  two \t\nnever read\n');
        expect(runThere(['/v/option'], ['other', 'x']).stdout).to.equal('[/v/show]\n[one  two]\n[/v/option]\n[x]\n');
      });

      it('follows as many interpreters as the kernel, and no more', () => {
        inVolume('1', '#!/bin/sh\necho "$@"\n');
        for (const level of [2, 3, 4, 5, 6]) inVolume(String(level), `#!/v/${level - 1} ${'abcdef'[level - 1]}`);
        expect(runThere(['/v/5'], ['name', 'x']).stdout).to.equal('b /v/2 c /v/3 d /v/4 e /v/5 x\n');
        expect(runThere(['/v/6'], ['name']).refused).to.include({ step: 'exec', error: 'ELOOP' });
      });

      it('refuses what the kernel would: a file that is not executable, and any file below noexec', () => {
        inVolume('show', '#!/bin/sh\necho "$0"\n');
        inVolume('by', '#!/v/show\n');
        copyFileSync('/bin/busybox', join(volume, 'busybox'));
        for (const name of ['show', 'by', 'busybox']) {
          const { refused } = runThere([`/v/${name}`], ['echo'], {}, attribute.noexec);
          expect(refused, name).to.include({ step: 'exec', error: 'EACCES' });
        }
        chmodSync(join(volume, 'show'), 0o644);
        for (const name of ['show', 'by']) {
          const { refused } = runThere([`/v/${name}`], ['name']);
          expect(refused, name).to.include({ step: 'exec', error: 'EACCES' });
        }
        program('bin/of-volume', '#!/v/busybox echo\n', 0o644);
        expect(runThere(['/bin/of-volume'], ['name']).refused).to.include({ step: 'exec', error: 'EACCES' });
      });

      it('tells a missing interpreter from a missing program, and leads on only past the latter', () => {
        inVolume('script', '#!/v/absent\n');
        const { refused } = runThere(['/v/nowhere', '/v/script', '/bin/sh'], ['sh']);
        expect(refused).to.deep.include({ step: 'exec', error: 'ENOENT', detail: 1, call: execve });
      });

      it('refuses what names no interpreter, or one that is cut off', () => {
        inVolume('none', '#!  \n');
        inVolume('text', 'echo\n');
        inVolume('long', `#!/${'a'.repeat(300)}\n`);
        for (const name of ['none', 'text']) {
          expect(runThere([`/v/${name}`], ['x']).refused, name).to.include({ step: 'exec', error: 'ENOEXEC' });
        }
        expect(runThere(['/v/long'], ['x']).refused?.step).to.equal('exec');
      });

      it('runs nothing that leads to the caller’s own binary', () => {
        symlinkSync('/proc/self/exe', join(volume, 'link'));
        inVolume('script', '#!/v/link\n');
        inVolume('elf', '');
        writeFileSync(join(volume, 'elf'), elfWithInterpreter('/v/link'));
        for (const name of ['link', 'script', 'elf']) {
          expect(runThere([`/v/${name}`], ['x']).refused, name).to.include({ step: 'exec', error: 'EACCES' });
        }
      });
    });

    it('does not wait for a program that is a pipe or run a directory', () => {
      expect(run(['/etc']).refused).to.include({ step: 'exec', error: 'EACCES' });
      expect(run(['/dev/null']).refused).to.include({ step: 'exec', error: 'EACCES' });
    });

    it('refuses a plan that starts nothing', () => {
      const plan: Plan = {
        strategy: 'in-child',
        namespaces: ['mount'],
        supplied: [],
        slots: 0,
        prepare: [],
        enter: [],
      };
      expect(runPlan(plan, folder(), { features }).refused).to.include({ step: 'plan', error: 'ENOEXEC', op: 0 });
    });
  });
}

/** A 64-bit ELF file that names an interpreter, in the last of its program headers. */
function elfWithInterpreter(path: string, headers = 1): Buffer {
  const name = Buffer.from(`${path}\0`);
  const end = 64 + 56 * headers;
  const file = Buffer.alloc(end);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(3, 16); // ET_DYN
  file.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(64n, 32); // program headers
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(headers, 56);
  file.writeUInt32LE(3, end - 56); // PT_INTERP
  file.writeBigUInt64LE(BigInt(end), end - 56 + 8);
  file.writeBigUInt64LE(BigInt(name.length), end - 56 + 32);
  return Buffer.concat([file, name]);
}
