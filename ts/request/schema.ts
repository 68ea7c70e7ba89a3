import * as v from 'valibot';
import { isolationNames } from '../native/isolation-types.ts';

const text = v.optional(v.string());
const texts = v.array(v.string());
const flag = v.optional(v.boolean());
const id = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 2)));
/**
 * An object with values of one kind. v.record would silently drop keys such as `constructor`.
 *
 * @param expected what a value is, in words
 */
const record = <Value>(expected: string, is: (value: unknown) => value is Value) =>
  v.pipe(
    v.custom<Readonly<Record<string, Value>>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'an object',
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const object = dataset.value;
      for (const [key, value] of Object.entries(object)) {
        const path = [{ type: 'object', origin: 'value', input: object, key, value }] as const;
        if (!is(value)) addIssue({ expected, input: value, path: [path[0]] });
      }
    }),
  );
const isString = (value: unknown): value is string => typeof value === 'string';
const isStringOrNumber = (value: unknown): value is string | number => isString(value) || typeof value === 'number';
const isStringOrNull = (value: unknown): value is string | null => value === null || isString(value);
const size = v.optional(v.union([v.string(), v.number()]));

const volume = v.strictObject({
  source: text,
  target: v.string(),
  readonly: flag,
  nocopy: flag,
  recursive: flag,
  propagation: v.optional(v.picklist(['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'])),
  options: v.optional(texts),
});

const tmpfs = v.strictObject({
  target: v.string(),
  size,
  mode: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o7777))),
  uid: id,
  gid: id,
  readonly: flag,
  exec: flag,
  options: v.optional(texts),
});

const device = v.strictObject({ host: v.string(), container: text, permissions: text });

const rates = v.optional(v.union([texts, record('a string or a number', isStringOrNumber)]));

const limits = v.strictObject({
  memory: size,
  swap: size,
  memoryReservation: size,
  cpus: size,
  cpuShares: size,
  cpuPeriod: size,
  cpuQuota: size,
  cpusetCpus: text,
  cpusetMems: text,
  pids: size,
  blkioWeight: size,
  cpuTime: size,
  wallTime: size,
  output: size,
  disk: size,
  deviceReadBps: rates,
  deviceWriteBps: rates,
  deviceReadIops: rates,
  deviceWriteIops: rates,
});

/** Names of the options in `limits`. */
export const limitNames: readonly string[] = Object.keys(limits.entries);

/** Schema of `RunOptions`. The parsers check the content of the strings. */
export const runOptionsSchema = v.strictObject({
  name: text,
  rm: flag,
  volumes: v.optional(v.array(v.union([v.string(), volume]))),
  tmpfs: v.optional(v.array(v.union([v.string(), tmpfs]))),
  env: v.optional(v.union([texts, record('a string or null', isStringOrNull)])),
  workdir: text,
  user: text,
  hostname: text,
  entrypoint: v.optional(v.union([v.string(), texts])),
  readOnly: flag,
  capAdd: v.optional(texts),
  capDrop: v.optional(texts),
  securityOpt: v.optional(texts),
  devices: v.optional(v.array(v.union([v.string(), device]))),
  deviceCgroupRules: v.optional(texts),
  privileged: flag,
  ulimits: v.optional(texts),
  limits: v.optional(limits),
  cgroupParent: text,
  sysctls: v.optional(v.union([texts, record('a string', isString)])),
  oomScoreAdj: size,
  network: text,
  extraHosts: v.optional(v.union([texts, record('a string', isString)])),
  dns: v.optional(texts),
  dnsSearch: v.optional(texts),
  dnsOptions: v.optional(texts),
  groupAdd: v.optional(texts),
  pid: text,
  cgroupns: text,
  interactive: flag,
  stopSignal: size,
  stopTimeout: size,
  labels: v.optional(v.union([texts, record('a string', isString)])),
  shmSize: size,
  userns: text,
  isolation: v.optional(v.union([v.string(), v.array(v.picklist(isolationNames))])),
});
