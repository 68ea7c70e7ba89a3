export { Orlop } from './api/orlop.ts';
export type * from './api/types.ts';
export { catalogue, type ErrorCode, LaunchError, RequestError, RunError, type RunFacts } from './errors/index.ts';
export type { Held, Isolation, IsolationName } from './native/isolation-types.ts';
export type { PlannedDevices, PlannedLimit } from './plan/describe.ts';
export type { Namespace, Op, Plan, Strategy } from './plan/types.ts';
export type { DeviceRate } from './request/device-rates.ts';
export type { CpuLimit, Limits } from './request/limits.ts';
export type {
  DeviceInput,
  DeviceRates,
  LimitOptions,
  NetworkMode,
  Propagation,
  RunOptions,
  TmpfsInput,
  VolumeInput,
} from './request/types.ts';
