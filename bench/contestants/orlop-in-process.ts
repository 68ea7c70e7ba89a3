import type { Readable } from 'node:stream';
import type { RunOptions } from '../../ts/index.ts';
import { prepareImage } from '../ground/image.ts';
import { openOrlop } from '../ground/library.ts';
import { timeRun } from '../measure/run.ts';
import { Watch } from '../measure/watch.ts';
import { application, type Container, type Contestant, targets } from './contestant.ts';

const startMs = 60_000;

/** As command.ts reads the output of a command. */
function textOf(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(output));
  });
}

function optionsOf(source: string, container: Container) {
  return {
    volumes: targets(container).map((target) => `${source}:${target}`),
    network: container.network ? 'none' : 'host',
  };
}

/** One call of `orlop.run`, which makes a container, runs it to its end, collects its output, and removes it. */
function calling(id: string, label: string, more: RunOptions = {}): Contestant {
  return {
    id,
    label,
    share: 1,
    peer: false,
    supports: ({ mounts }) => mounts === 'full',
    missing: () => null,
    async open(ground, container) {
      const image = await prepareImage(ground, container);
      const orlop = await openOrlop(ground, container.upper);
      const options = { ...optionsOf(ground.source, container), ...more, timeout: startMs };
      return {
        start: () => timeRun(() => orlop.run(image, [application], options)),
        close: async () => {},
      };
    },
  };
}

export const orlopRun = calling('orlop-run', 'orlop.run() in the same process');

/** Each container with a user namespace and IDs of its own, which only root can give. */
export const orlopRunAuto = calling('orlop-run-auto', "orlop.run() with userns: 'auto'", { userns: 'auto' });

/** Without a limit at all: no process of version 1 of control groups takes part. */
export const orlopRunUnlimited = calling('orlop-run-unlimited', 'orlop.run() without a limit', {
  limits: { pids: -1 },
});

/** With limits that take three controllers. */
export const orlopRunLimits = calling('orlop-run-limits', 'orlop.run() with limits', {
  limits: { memory: '256m', cpus: 1, pids: 64 },
});

/** `container.start` of a container that was made before, as a program does that prepares what it will need. */
export const orlopStart: Contestant = {
  id: 'orlop-start',
  label: 'container.start() in the same process, created ahead',
  share: 1,
  peer: false,
  supports: ({ mounts }) => mounts === 'full',
  missing: () => null,
  async open(ground, container) {
    const image = await prepareImage(ground, container);
    const orlop = await openOrlop(ground, container.upper);
    const options = { ...optionsOf(ground.source, container), rm: true };
    return {
      async start() {
        const created = await orlop.create(image, [application], options);
        const watch = new Watch();
        const starting = created.start({ stdout: 'pipe', stderr: 'ignore', timeout: startMs });
        watch.returned();
        const running = await starting;
        if (running.stdout === null) throw new Error('no output');
        const [output, { exitCode }] = await Promise.all([textOf(running.stdout), running.exited]);
        const sample = watch.sample(output.trim());
        if (exitCode !== 0) throw new Error(`the application ended with ${exitCode}`);
        return sample;
      },
      close: async () => {},
    };
  },
};
