import * as v from 'valibot';

const text = v.optional(v.string());
const texts = v.array(v.string());
const flag = v.optional(v.boolean());
const id = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 2)));
/** v.record would silently drop keys such as `constructor`. */
const record = <Value>(expected: string, is: (value: unknown) => value is Value) =>
  v.custom<Readonly<Record<string, Value>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(is),
    `an object of ${expected}`,
  );
const isString = (value: unknown): value is string => typeof value === 'string';
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

/** Schema of `RunOptions`. The parsers check the content of the strings. */
export const runOptionsSchema = v.strictObject({
  name: text,
  rm: flag,
  volumes: v.optional(v.array(v.union([v.string(), volume]))),
  tmpfs: v.optional(v.array(v.union([v.string(), tmpfs]))),
  env: v.optional(v.union([texts, record('strings and nulls', isStringOrNull)])),
  workdir: text,
  user: text,
  hostname: text,
  entrypoint: v.optional(v.union([v.string(), texts])),
  readOnly: flag,
  capAdd: v.optional(texts),
  capDrop: v.optional(texts),
  securityOpt: v.optional(texts),
  ulimits: v.optional(texts),
  network: text,
  interactive: flag,
  labels: v.optional(v.union([texts, record('strings', isString)])),
  shmSize: size,
});
