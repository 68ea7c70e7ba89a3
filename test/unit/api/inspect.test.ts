import { expect } from 'chai';
import { inspectContainer } from '../../../ts/api/inspect.ts';
import { compileTemplate } from '../../../ts/cli/template/render.ts';
import { container, record } from '../../support/records.ts';

const id = 'c0ffee'.repeat(11).slice(0, 64);
const store = {
  volumeData: (name: string) => `/s/volumes/${name}/_data`,
  diffPath: (layer: string) => `/s/layers/${layer}/diff`,
  workPath: (layer: string) => `/s/layers/${layer}/work`,
  mountPoint: (layer: string) => `/s/mnt/${layer}`,
};

describe('a container that is inspected', () => {
  for (const [template, text] of [
    ['{{.ID}}', id],
    ['{{.RestartCount}} {{.HostConfig.RestartPolicy.Name}}', '0 no'],
    ['{{.State.OOMKilled}} {{.State.Paused}} {{.State.Dead}} {{.State.Error}}', 'false false false '],
    ['{{.NetworkSettings.IPAddress}}|{{json .NetworkSettings.Ports}}', '|{}'],
    ['{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}', ''],
    ['{{.HostConfig.Privileged}} {{.HostConfig.Memory}}', 'false 0'],
  ] as const) {
    it(`has the fields of Docker's that scripts ask for: ${template}`, async () => {
      const stored = await container(record(id), 'durable');
      expect(compileTemplate(template)(inspectContainer(store, stored))).to.equal(text);
    });
  }
});
