import type { LaterOption } from './later.ts';

const atTheApplication = 'let the application check itself';
const ofNetworks = "'--network host' uses the networks of the host";
const ofOneNamespace = 'leave it out: each container has its own';
const ofHealth = ['', '0', '0s'] as const;

/**
 * Docker's options of `run` and `create` that orlop does not have yet. A value that asks for what orlop does anyway is
 * accepted, so that lines of scripts which spell a default out go on working.
 */
export const laterRunOptions: readonly LaterOption[] = [
  { flags: '-d, --detach', meanwhile: "let the shell do it: 'orlop run … &'" },
  {
    flags: '-t, --tty',
    meanwhile: 'make one inside: stty raw -echo; orlop run -i IMAGE script -qc COMMAND /dev/null; stty sane',
  },
  {
    flags: '-p, --publish <ports>',
    meanwhile: "with '--network host' the application listens on the host's own ports",
  },
  { flags: '-P, --publish-all', meanwhile: "with '--network host' the application listens on the host's own ports" },
  { flags: '-a, --attach <stream>', meanwhile: "let the shell do it: '>FILE', '2>/dev/null'" },
  { flags: '--annotation <pair>', meanwhile: 'use --label' },
  { flags: '--blkio-weight-device <weight>', meanwhile: "'--blkio-weight' is for all disks" },
  { flags: '--cpu-rt-period <n>', same: ['0'], meanwhile: "'--cpus' and '--cpu-shares' divide the processors" },
  { flags: '--cpu-rt-runtime <n>', same: ['0'], meanwhile: "'--cpus' and '--cpu-shares' divide the processors" },
  { flags: '--detach-keys <keys>', same: [''], meanwhile: "nothing can be detached: let the shell do it with '&'" },
  { flags: '--disable-content-trust', same: ['true'], meanwhile: 'no image is fetched: check it where you fetch it' },
  { flags: '--domainname <name>', same: [''], meanwhile: "use '--hostname NAME.DOMAIN'" },
  { flags: '--expose <port>', meanwhile: 'leave it out: it only documents the port' },
  { flags: '--gpus <list>', meanwhile: "name the devices: '--device /dev/dri'" },
  { flags: '--health-cmd <command>', same: [''], meanwhile: atTheApplication },
  { flags: '--health-interval <time>', same: ofHealth, meanwhile: atTheApplication },
  { flags: '--health-retries <n>', same: ofHealth, meanwhile: atTheApplication },
  { flags: '--health-start-interval <time>', same: ofHealth, meanwhile: atTheApplication },
  { flags: '--health-start-period <time>', same: ofHealth, meanwhile: atTheApplication },
  { flags: '--health-timeout <time>', same: ofHealth, meanwhile: atTheApplication },
  { flags: '--init', meanwhile: "name one of the image: '--entrypoint tini'" },
  { flags: '--ip <address>', same: [''], meanwhile: ofNetworks },
  { flags: '--ip6 <address>', same: [''], meanwhile: ofNetworks },
  { flags: '--ipc <mode>', same: ['', 'private'], meanwhile: ofOneNamespace },
  { flags: '--kernel-memory <size>', same: ['0'], meanwhile: 'leave it out: Linux has no such limit any more' },
  { flags: '--link <container>', meanwhile: ofNetworks },
  { flags: '--link-local-ip <address>', meanwhile: ofNetworks },
  { flags: '--log-driver <driver>', same: ['', 'json-file', 'none'], meanwhile: "let the shell do it: '>FILE 2>&1'" },
  { flags: '--log-opt <option>', meanwhile: "let the shell do it: '>FILE 2>&1'" },
  { flags: '--mac-address <address>', same: [''], meanwhile: ofNetworks },
  { flags: '--memory-swappiness <n>', same: ['-1'], meanwhile: "'--memory-swap' bounds the swap space" },
  { flags: '--mount <spec>', meanwhile: "use '-v SOURCE:TARGET[:ro]' or '--tmpfs TARGET'" },
  { flags: '--net-alias <name>', meanwhile: ofNetworks },
  { flags: '--network-alias <name>', meanwhile: ofNetworks },
  // There are no health checks to be disabled.
  { flags: '--no-healthcheck', same: ['true', 'false'] },
  { flags: '--oom-kill-disable', meanwhile: "start it with 'choom -n -1000 -- orlop run …'" },
  { flags: '--platform <platform>', same: [''], meanwhile: 'fetch the image of that platform, and load it' },
  {
    flags: '--pull <policy>',
    same: ['missing', 'never'],
    meanwhile: "fetch it first: 'skopeo copy docker://IMAGE docker-archive:FILE:IMAGE && orlop load -i FILE'",
  },
  { flags: '-q, --quiet', same: ['true', 'false'] },
  { flags: '--restart <policy>', same: ['', 'no'], meanwhile: "let the shell do it: 'until orlop run …; do :; done'" },
  { flags: '--runtime <name>', same: [''], meanwhile: 'leave it out: orlop is the runtime' },
  { flags: '--sig-proxy', same: ['true'], meanwhile: "'setsid -w orlop run …' keeps the terminal's signals away" },
  { flags: '--use-api-socket', meanwhile: "mount the socket: '-v /run/docker.sock:/run/docker.sock'" },
  { flags: '--uts <mode>', same: ['', 'private'], meanwhile: ofOneNamespace },
  {
    flags: '--volume-driver <driver>',
    same: ['', 'local'],
    meanwhile: "mount it on the host, and use '-v PATH:TARGET'",
  },
  { flags: '--volumes-from <container>', meanwhile: "name the volumes: 'orlop inspect CONTAINER' shows them" },
  ...['--cpu-count <n>', '--cpu-percent <n>', '--io-maxbandwidth <n>', '--io-maxiops <n>'].map((flags) => ({
    flags,
    same: ['0'],
    never: 'is one for Windows',
  })),
];
