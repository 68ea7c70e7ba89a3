/** Where a standard stream of the application leads: the caller's own, nowhere, a pipe, or a descriptor. */
export type Stdio = 'inherit' | 'ignore' | 'pipe' | number;

export interface StdioRequest {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  /** 'stdout': the same descriptor as stdout, so that what is written to both keeps its order. */
  readonly stderr: Stdio | 'stdout';
}
