/** An option that callers write and orlop does not have by that name, or not yet. */
export interface OtherOption {
  readonly later?: true;
  readonly hint: string;
}

const ofStart = 'it is an option of start: create a container, and start it';
const ofRun = 'it is an option of run';
const ofBoth = 'it is an option of run and of start';
const meant = (name: string): OtherOption => ({ hint: `write '${name}'` });
const inLimits = (example: string): OtherOption => ({ hint: `write it in 'limits': limits: { ${example} }` });
const later = (hint: string): OtherOption => ({ later: true, hint: `until then: ${hint}` });

/** Names of options in other libraries, and in Docker, with what to write here. */
export const otherOptions: Readonly<Record<string, OtherOption>> = {
  cwd: meant('workdir'),
  workingDir: meant('workdir'),
  environment: meant('env'),
  mounts: { hint: "write 'volumes' for volumes and paths of the host, and 'tmpfs' for memory" },
  mount: { hint: "write 'volumes' for volumes and paths of the host, and 'tmpfs' for memory" },
  binds: meant('volumes'),
  uid: meant('user'),
  gid: { hint: "write it behind the user: user: '1000:1000'" },
  readonly: meant('readOnly'),
  autoRemove: meant('rm'),
  stdin: { hint: `${ofStart}; run has 'input'` },
  stdio: { hint: ofStart },
  stdout: { hint: ofStart },
  stderr: { hint: ofStart },
  input: { hint: ofRun },
  encoding: { hint: ofRun },
  maxBuffer: { hint: ofRun },
  timeout: { hint: ofBoth },
  signal: { hint: ofBoth },
  shell: { hint: "write the shell into the command: ['sh', '-c', '…']" },
  memory: inLimits("memory: '512m'"),
  memorySwap: inLimits("memory: '512m', swap: '256m'"),
  cpus: inLimits('cpus: 1.5'),
  cpuShares: inLimits('cpuShares: 512'),
  pids: inLimits('pids: 64'),
  pidsLimit: inLimits('pids: 64'),
  tty: later("the command 'script' makes a terminal inside: ['script', '-qc', 'sh', '/dev/null']"),
  init: later("name one of the image: entrypoint: 'tini'"),
  ports: later("with network: 'host' the application listens on the host's own ports"),
  storageOpt: inLimits("disk: '1g'"),
  device: meant('devices'),
  deviceRules: meant('deviceCgroupRules'),
  platform: later('load the image of that platform'),
};

/** As `otherOptions`, for what is in `limits`. */
export const otherLimits: Readonly<Record<string, OtherOption>> = {
  memorySwap: { hint: "write 'swap', which is what is beyond memory" },
  pidsLimit: meant('pids'),
  cgroupParent: { hint: "write it beside 'limits'" },
  storage: meant('disk'),
};
