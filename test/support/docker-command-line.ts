// Facts about Docker's command line, `docker COMMAND --help` of versions 26 to 29, with its aliases of options.

const runAndCreate =
  '--add-host --annotation -a/--attach --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent ' +
  '--cgroupns --cidfile --cpu-count --cpu-percent --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime ' +
  '-c/--cpu-shares --cpus --cpuset-cpus --cpuset-mems --device --device-cgroup-rule --device-read-bps ' +
  '--device-read-iops --device-write-bps --device-write-iops --disable-content-trust --dns --dns-opt --dns-option ' +
  '--dns-search --domainname --entrypoint -e/--env --env-file --expose --gpus --group-add --health-cmd ' +
  '--health-interval --health-retries --health-start-interval --health-start-period --health-timeout -h/--hostname ' +
  '--init -i/--interactive --io-maxbandwidth --io-maxiops --ip --ip6 --ipc --isolation --kernel-memory -l/--label ' +
  '--label-file --link --link-local-ip --log-driver --log-opt --mac-address -m/--memory --memory-reservation ' +
  '--memory-swap --memory-swappiness --mount --name --net --net-alias --network --network-alias --no-healthcheck ' +
  '--oom-kill-disable --oom-score-adj --pid --pids-limit --platform --privileged -p/--publish -P/--publish-all --pull ' +
  '-q/--quiet --read-only --restart --rm --runtime --security-opt --shm-size --stop-signal --stop-timeout ' +
  '--storage-opt --sysctl --tmpfs -t/--tty --ulimit --use-api-socket -u/--user --userns --uts -v/--volume ' +
  '--volume-driver --volumes-from -w/--workdir';

/** Docker's options by command, `-s/--long`, of the commands that orlop has. */
export const dockerOptions: Readonly<Record<string, string>> = {
  run: `${runAndCreate} -d/--detach --detach-keys --sig-proxy`,
  create: runAndCreate,
  start: '-a/--attach --checkpoint --checkpoint-dir --detach-keys -i/--interactive',
  exec: '-d/--detach --detach-keys -e/--env --env-file -i/--interactive --privileged -t/--tty -u/--user -w/--workdir',
  ps: '-a/--all -f/--filter --format -n/--last -l/--latest --no-trunc -q/--quiet -s/--size',
  stop: '-s/--signal -t/--timeout --time',
  kill: '-s/--signal',
  'container prune': '--filter -f/--force',
  rm: '-f/--force -l/--link -v/--volumes',
  export: '-o/--output',
  commit: '-a/--author -c/--change -m/--message -p/--pause --no-pause',
  images: '-a/--all --digests -f/--filter --format --no-trunc -q/--quiet --tree',
  import: '-c/--change -m/--message --platform',
  rmi: '-f/--force --no-prune --platform',
  save: '-o/--output --platform',
  load: '-i/--input --platform -q/--quiet',
  'volume create':
    '--availability -d/--driver --group --label --limit-bytes -o/--opt --required-bytes --scope --secret --sharing ' +
    '--topology-preferred --topology-required --type',
  'volume ls': '--cluster -f/--filter --format -q/--quiet',
  'volume inspect': '-f/--format',
  'volume rm': '-f/--force',
  'volume prune': '-a/--all --filter -f/--force',
  inspect: '-f/--format -s/--size --type',
  version: '-f/--format',
};

const container =
  'attach commit cp create diff exec export inspect kill list logs ls pause port prune ps remove rename restart rm run ' +
  'start stats stop top unpause update wait';
const image = 'build history import inspect list load ls prune pull push remove rm save tag';
const volume = 'create inspect list ls prune rm remove update';
const top =
  'attach build builder buildx checkpoint commit compose config context cp create diff events exec export history ' +
  'images import info inspect kill load login logout logs manifest network node pause plugin port ps pull push rename ' +
  'restart rm rmi run save search secret service stack start stats stop swarm system tag top trust unpause update ' +
  'version wait';

/** Docker's commands, and Podman's for volumes. */
export const dockerCommands: readonly string[] = [
  ...top.split(' '),
  ...container.split(' ').map((name) => `container ${name}`),
  ...image.split(' ').map((name) => `image ${name}`),
  ...volume.split(' ').map((name) => `volume ${name}`),
  ...['df', 'events', 'info', 'prune'].map((name) => `system ${name}`),
  ...['connect', 'create', 'disconnect', 'inspect', 'ls', 'prune', 'rm'].map((name) => `network ${name}`),
  ...['exists', 'export', 'import', 'mount', 'reload', 'rename', 'unmount'].map((name) => `volume ${name}`),
];

/** Options of `run`, each with a value that asks for what orlop does anyway; most of them are Docker's defaults. */
export const acceptedValues: readonly (readonly [option: string, value: string])[] = [
  ['--blkio-weight', '0'],
  ['--cgroup-parent', ''],
  ['--cgroupns', 'private'],
  ['--cpu-period', '0'],
  ['--cpu-quota', '0'],
  ['--cpu-shares', '0'],
  ['--cpus', '0'],
  ['--cpuset-cpus', ''],
  ['--cpuset-mems', ''],
  ['--disable-content-trust', 'true'],
  ['--detach', 'false'],
  ['--health-interval', '0s'],
  ['--health-retries', '0'],
  ['--init', 'false'],
  ['--ipc', 'private'],
  ['--isolation', 'default'],
  ['--log-driver', 'json-file'],
  ['--log-driver', 'none'],
  ['--memory', '0'],
  ['--memory-reservation', '0'],
  ['--memory-swap', '0'],
  ['--memory-swappiness', '-1'],
  ['--network', 'default'],
  ['--no-healthcheck', 'false'],
  ['--no-healthcheck', 'true'],
  ['--oom-kill-disable', 'false'],
  ['--oom-score-adj', '0'],
  ['--pid', ''],
  ['--pids-limit', '-1'],
  ['--pids-limit', '0'],
  ['--platform', ''],
  ['--privileged', 'false'],
  ['--publish-all', 'false'],
  ['--pull', 'missing'],
  ['--pull', 'never'],
  ['--quiet', 'false'],
  ['--restart', 'no'],
  ['--sig-proxy', 'true'],
  ['--stop-signal', 'SIGTERM'],
  ['--tty', 'false'],
  ['--userns', ''],
  ['--uts', ''],
  ['--volume-driver', 'local'],
];
