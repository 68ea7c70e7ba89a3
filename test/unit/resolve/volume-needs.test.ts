import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import { volumeNeeds } from '../../../ts/resolve/volume-needs.ts';
import { request } from '../../support/records.ts';

describe('the volumes that a container needs', () => {
  const needs = (...volumes: string[]) => {
    let number = 0;
    return volumeNeeds(request(), { ...emptyConfig, volumes }, () => `id${++number}`);
  };

  it('are one for each VOLUME of the image, however its path is written', () => {
    expect(needs('/data/', '/data', '/a/../data', '//b').map(({ name, target }) => [name, target])).to.deep.equal([
      ['id1', '/data'],
      ['id2', '/b'],
    ]);
  });

  for (const [volume, why] of [
    ['/', /is '\/'/],
    ['/a/..', /is '\/'/],
    ['/proc', /in \/proc/],
    ['/proc/sys', /in \/proc/],
    ['/x/../proc', /in \/proc/],
    ['data', /not absolute/],
    [`/${'a'.repeat(300)}`, /more than 255 bytes/],
  ] as const) {
    it(`are not taken from an image that names '${volume.slice(0, 20)}'`, () => {
      expect(() => needs(volume))
        .to.throw(RequestError, why)
        .with.property('code', 'ORLOP_E_TARGET');
    });
  }
});
