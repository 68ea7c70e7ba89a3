/**
 * All errors that orlop itself reports, by code, with one line of explanation. `docs/errors.md` has a section for each;
 * a test compares the two. Sorted, so that additions do not collide.
 *
 * @enum
 */
export const catalogue = {
  ORLOP_E_ABORTED: 'the caller ended it with an AbortSignal',
  ORLOP_E_ARCHIVE: 'the archive is not one that can be unpacked safely',
  ORLOP_E_BUFFER: 'the application wrote more than the buffer for its output may hold',
  ORLOP_E_CLOSED: 'the pool or the runtime was closed, or orlop-launcher has ended',
  ORLOP_E_CONTAINER_NAME: 'a container has that name already',
  ORLOP_E_CONTAINER_RUNNING: 'the container is running',
  ORLOP_E_DAMAGED: 'a record on disk cannot be read',
  ORLOP_E_DEVICE: 'a device of the host cannot be given to a container',
  ORLOP_E_DUPLICATE_TARGET: 'two mounts have the same target',
  ORLOP_E_ENVIRONMENT: 'an environment variable is not valid',
  ORLOP_E_IMAGE_IN_USE: 'containers use the image',
  ORLOP_E_INPUT: 'a value is not valid',
  ORLOP_E_ISOLATION: 'a container would have less isolation than was asked for',
  ORLOP_E_KERNEL: 'the kernel lacks what is needed',
  ORLOP_E_LATER: 'this comes with a later version',
  ORLOP_E_LIMIT: 'this machine cannot hold a limit',
  ORLOP_E_NATIVE: 'the addon could not be loaded',
  ORLOP_E_NO_CONTAINER: 'no container has that name or ID',
  ORLOP_E_NO_IMAGE: 'no image has that name or ID',
  ORLOP_E_NO_USER: 'the image has no such user or group',
  ORLOP_E_NO_VOLUME: 'no volume has that name',
  ORLOP_E_OPEN_FILES: 'no more files can be opened',
  ORLOP_E_PERMISSION: 'the caller may not do this',
  ORLOP_E_REFERENCE: 'not an image reference',
  ORLOP_E_SOURCE: 'the source of a volume cannot be used',
  ORLOP_E_STORE: 'the store cannot be used',
  ORLOP_E_TARGET: 'the target of a mount cannot be used',
  ORLOP_E_TIMEOUT: 'it took longer than allowed',
  ORLOP_E_TRACE: 'not a trace of a start',
  ORLOP_E_USAGE: 'the command line is not valid',
  ORLOP_E_VOLUME_IN_USE: 'containers use the volume',
  ORLOP_E_VOLUME_NAME: 'not a volume name',
  ORLOP_E_VOLUME_SPEC: 'not a volume specification',
} as const;

/** Code of an error that orlop itself reports: a name in the catalogue. */
export type ErrorCode = keyof typeof catalogue;
