import type { ImageConfig } from './types.ts';

export const emptyConfig: ImageConfig = {
  env: [],
  entrypoint: [],
  cmd: [],
  workingDir: '',
  user: '',
  volumes: [],
  labels: {},
  stopSignal: '',
  exposedPorts: [],
};

/** Platform of this process in the words of image configurations (Go's). */
export function ownPlatform(): { architecture: string; os: 'linux'; variant: string } {
  const names: Partial<Record<NodeJS.Architecture, string>> = {
    x64: 'amd64',
    ia32: '386',
    ppc64: 'ppc64le',
    mips: 'mips',
    mipsel: 'mipsle',
  };
  return {
    architecture: names[process.arch] ?? process.arch,
    os: 'linux',
    variant: process.arch === 'arm64' ? 'v8' : '',
  };
}
