import { expect } from 'chai';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { optionsIn } from '../../../ts/request/chosen-options.ts';
import { defaultAttributes, type MountKind, mountOptions } from '../../../ts/request/mount-options.ts';
import { uniqueTargets } from '../../../ts/request/mounts.ts';
import { parseTmpfs, tmpfsFromInput } from '../../../ts/request/tmpfs.ts';
import type { RequestContext } from '../../../ts/request/types.ts';
import { parseVolume, volumeFromInput } from '../../../ts/request/volume.ts';
import { refusalOf } from '../../support/refusal.ts';

const context: RequestContext = {
  cwd: '/',
  env: {},
  kernel: () => '6.12.1-amd64',
  online: () => '0-3',
  seLinux: () => false,
};

/** How a mount of each kind is written with options. */
const parsers: Readonly<Record<MountKind, (options: string, at?: RequestContext) => { readonly attributes: number }>> =
  {
    bind: (options, at = context) => parseVolume(`/host:/t:${options}`, at),
    volume: (options, at = context) => parseVolume(`data:/t:${options}`, at),
    tmpfs: (options, at = context) => parseTmpfs(`/t:${options}`, at),
  };
const kinds = Object.keys(parsers) as MountKind[];
const table = Object.entries(mountOptions);
const classes = [...new Set(table.map(([, option]) => option.class))];
const later = ['shared', 'rshared', 'slave', 'rslave'];

describe('an option of a mount', () => {
  for (const kind of kinds) {
    const parse = parsers[kind];
    const standard = defaultAttributes[kind];

    for (const [name, option] of table) {
      if (!option.kinds.includes(kind)) {
        it(`'${name}' is refused for a ${kind}`, () => {
          const error = refusalOf(() => parse(name));
          expect(error.message).to.match(kind === 'tmpfs' ? /unknown option/ : /does not take/);
          expect(error.hint).to.be.a('string');
        });
      } else if (later.includes(name)) {
        it(`'${name}' comes later for a ${kind}`, () => {
          expect(refusalOf(() => parse(name)).code).to.equal('ORLOP_E_LATER');
        });
      } else if (option.class === 'label') {
        it(`'${name}' takes SELinux for a ${kind}`, () => {
          expect(refusalOf(() => parse(name)).code).to.equal('ORLOP_E_KERNEL');
        });
      } else {
        it(`'${name}' of a ${kind} sets its attribute, and clears those of its class only`, () => {
          const { attributes } = parse(name);
          const others = table.filter(([, other]) => other.class === option.class);
          const bits = others.reduce((sum, [, other]) => sum | (other.sets ?? 0), 0);
          expect(attributes & bits).to.equal(option.sets ?? 0);
          expect(attributes & ~bits).to.equal(standard & ~bits);
        });
      }
    }

    for (const group of classes) {
      const names = table.filter(([, one]) => one.class === group && one.kinds.includes(kind)).map(([name]) => name);
      for (const [first = '', second = ''] of names.flatMap((one) => names.map((other) => [one, other]))) {
        if (kind === 'tmpfs') {
          it(`'${first}' of a tmpfs gives way to '${second}' after it`, () => {
            expect(parse(`${first},${second}`)).to.deep.equal(parse(second));
          });
        } else {
          it(`'${first}' of a ${kind} is not taken together with '${second}'`, () => {
            const error = refusalOf(() => parse(`${first},${second}`));
            expect(error.code).to.equal('ORLOP_E_VOLUME_SPEC');
            expect(error.message).to.include(first === second ? `'${first}' twice` : `both '${first}' and '${second}'`);
          });
        }
      }
    }
  }

  it('takes a default away, and adds to what a path of the host has', () => {
    expect(parsers.volume('suid,dev').attributes).to.equal(0);
    expect(parsers.volume('suid,noexec').attributes).to.equal(attribute.nodev | attribute.noexec);
    expect(parsers.tmpfs('exec,suid,dev').attributes).to.equal(0);
    expect(parsers.bind('nosuid,nosymfollow').attributes).to.equal(
      attribute.nosuid | attribute.nodev | attribute.nosymfollow,
    );
    expect(parsers.bind('suid,dev,exec').attributes).to.equal(0);
  });

  it('can be told from the attributes, where it is not the default', () => {
    expect(optionsIn('volume', parsers.volume('ro,nosuid,dev,noatime').attributes)).to.deep.equal([
      'ro',
      'dev',
      'noatime',
    ]);
    for (const kind of kinds) {
      expect(optionsIn(kind, defaultAttributes[kind])).to.deep.equal([]);
      for (const [name, option] of table) {
        if (!option.kinds.includes(kind) || later.includes(name) || option.class === 'label') continue;
        const { attributes } = parsers[kind](name);
        expect(optionsIn(kind, attributes)).to.deep.equal(attributes === defaultAttributes[kind] ? [] : [name]);
      }
    }
  });

  it('is written in an object as in the text, and contradicts its properties', () => {
    const options = ['noexec', 'nosymfollow'];
    expect(volumeFromInput({ source: '/host', target: '/t', readonly: true, options }, context)).to.deep.equal(
      parsers.bind('ro,noexec,nosymfollow'),
    );
    expect(tmpfsFromInput({ target: '/t', exec: true, options: ['suid'] }, context)).to.deep.equal(
      parsers.tmpfs('exec,suid'),
    );
    const volume = (input: object) => refusalOf(() => volumeFromInput({ target: '/t', ...input }, context)).message;
    expect(volume({ readonly: false, options: ['ro'] })).to.include(`both 'rw' and 'ro'`);
    expect(volume({ options: ['noexce'] })).to.include(`unknown option 'noexce'`);
    const tmpfs = (input: object) => refusalOf(() => tmpfsFromInput({ target: '/t', ...input }, context));
    expect(tmpfs({ exec: false, options: ['exec'] }).message).to.include(`both 'noexec' and 'exec'`);
    expect(tmpfs({ options: ['nosymfolow'] }).hint).to.equal(`did you mean 'nosymfollow'?`);
  });

  it('is refused where the kernel is too old for it, and only there', () => {
    const on = (kernel: string) => ({ ...context, kernel: () => kernel });
    for (const kind of kinds) {
      const error = refusalOf(() => parsers[kind]('nosymfollow', on('5.13.19-1-generic')));
      expect(error.code).to.equal('ORLOP_E_KERNEL');
      expect(error.message).to.match(/has 'nosymfollow', which needs Linux 5\.14 or newer$/);
      expect(error.hint).to.equal('leave it out: this is Linux 5.13.19-1-generic');
      for (const kernel of ['5.14.0', '5.14-rc1', '6.1']) parsers[kind]('nosymfollow', on(kernel));
      parsers[kind]('noatime', on('4.19.0'));
    }
  });

  it('makes two mounts at one target different, and is named then', () => {
    const mounts = ['a:/t', 'a:/t:ro,nosymfollow'].map((spec) => parseVolume(spec, context));
    const error = refusalOf(() => uniqueTargets(mounts, []));
    expect(error.message).to.equal(
      `two mounts have the target '/t': volume 'a' and volume 'a', read-only, nosymfollow`,
    );
  });
});
