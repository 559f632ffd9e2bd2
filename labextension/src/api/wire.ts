/**
 * What the engine says, as far as this extension reads it: docs/engine-api.md and jupyter_lambda/model/*.py.
 * Members that an engine of another version leaves out have defaults here; unknown ones are ignored.
 */

export interface IConfiguration {
  memory_mib: number;
  timeout_seconds: number;
  ephemeral_mib: number;
  handler: string;
  runtime: string;
  description: string;
  environment: { [name: string]: string };
  sandbox: string | null;
  network: string | null;
}

export interface IVersion {
  function_name: string;
  version: string;
  configuration: IConfiguration;
  package_bytes: number;
  revision_id: string;
  last_modified: string;
  description: string;
  source: string;
  notebook: string | null;
  python: { version: string; executable: string } | null;
}

export interface IAlias {
  name: string;
  version: string;
  additional_version: string | null;
  additional_weight: number;
  revision_id: string;
}

export interface IFunctionDetail {
  function: {
    name: string;
    latest: IVersion;
    notebook: string | null;
    last_version: number;
    reserved_concurrency: number | null;
    /** Left out where nothing was set besides the configuration. */
    settings?: { provisioned?: { [qualifier: string]: { count: number } } };
  };
  versions: IVersion[];
  aliases: IAlias[];
  unpublished_changes: boolean;
  sandbox?: string;
  enforcement?: IEnforcement[];
}

export type Status =
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'timed-out'
  | 'out-of-memory'
  | 'exited'
  | 'cancelled'
  | 'throttled'
  | 'lost';

/** Where an init's time went; only our own runtime tells it. */
export interface IInitTimes {
  whole_ms: number;
  imports?: { module: string; at_ms: number; ms: number; depth?: number }[];
  preloaded?: string[];
}

/** An invocation that ended. The engine leaves out members that equal their default. */
export interface IInvocationRecord {
  request_id: string;
  function_name: string;
  version: string;
  qualifier?: string | null;
  status?: Status;
  environment_id?: string;
  arrived?: number;
  queued_ms?: number;
  cold?: boolean;
  start_ms?: number;
  init_ms?: number;
  init_times?: IInitTimes | null;
  duration_ms?: number;
  billed_ms?: number;
  memory_mib?: number;
  max_memory_mib?: number;
  timeout_seconds?: number;
  request_bytes?: number;
  response_bytes?: number;
  error_type?: string | null;
  error_message?: string | null;
  invocation_type?: string;
  attempt?: number;
}

export interface IRunning {
  request_id: string;
  function_name: string;
  version: string;
  arrived: number;
  qualifier: string | null;
  waiting: boolean;
}

export type EnvironmentState =
  | 'starting'
  | 'initialising'
  | 'busy'
  | 'idle'
  | 'frozen'
  | 'ended';

export interface IEnvironment {
  environment_id: string;
  function_name: string;
  version: string;
  revision_id: string;
  state: EnvironmentState;
  sandbox: string;
  started: number;
  invocations: number;
  memory_mib: number;
  held_mib: number;
  pid: number | null;
  init_ms: number;
  ended: number | null;
  reason: string;
}

/** A time that an environment spent in one state, epoch seconds. */
export interface ILifeSpan {
  state: EnvironmentState;
  since: number;
  until?: number | null;
  calls?: number;
  /** What ended it out of turn. */
  why?: string;
}

export interface IEnvironmentLife {
  environment: IEnvironment;
  spans: ILifeSpan[];
}

export interface IEnforcement {
  row: string;
  held: boolean;
  by: string;
  note: string;
}

export interface IEngineStatus {
  pid: number;
  home: string;
  sandbox: string;
  version: string;
  protocol: number;
  started: number;
  environments: number;
  running: number;
  queued_events: number;
  budget_mib: number;
  budget_used_mib: number;
  concurrency: number;
  sandbox_note: string;
  enforcement: IEnforcement[];
  warnings: string[];
}

export interface ICounts {
  function_name: string;
  invocations: number;
  errors: number;
  throttles: number;
  cold_starts: number;
}

export interface IChange {
  number: number;
  kind: string;
  body: unknown;
}

export interface ISnapshot {
  type: 'snapshot';
  number: number;
  status: IEngineStatus;
  functions: IFunctionDetail[];
  environments: IEnvironment[];
  invocations: IInvocationRecord[];
}

export interface IChanges {
  type: 'changes';
  number: number;
  changes?: IChange[];
  counts?: ICounts[];
  running?: IRunning[];
  environments?: IEnvironment[];
  status?: IEngineStatus;
  machine?: IMachine;
}

/** How busy the engine's machine is, whoever keeps it busy: `MachineReading` in jupyter_lambda/model/host.py. */
export interface IMachine {
  /** Epoch seconds. */
  at: number;
  /** 0 to 1, of all processors. */
  cpu_share: number;
  cpus: number;
  memory_used_mib: number;
  memory_mib: number;
}

/** One of the engine's settings. */
export interface ISetting {
  name: string;
  value: string;
  default: string;
  accepts: string;
  description: string;
}

/** What a machine offers: jupyter_lambda/model/host.py. */
export interface IHostFacts {
  system: string;
  user: string;
  memory_mib: number;
  memory_from: string;
  budget_mib: number;
  cpus: number;
  cpus_from: string;
  cgroup: string;
  namespaces: string;
  landlock: number;
  home: string;
  home_file_system: string;
  home_note: string;
  docker: { answers: boolean; version?: string; address?: string; note?: string };
  pythons?: { version: string; executable: string; found_by: string }[];
  consequences?: string[];
}

export interface IEngineIdentity {
  id: string;
  pid: number;
  version: string;
  protocol: number;
  sandbox: string;
  home: string;
  /** Names the home without telling where it is; stands in cards. */
  home_id?: string;
  started: number;
}

export interface IEngineMessage {
  type: 'engine';
  state: 'up' | 'down';
  engine?: IEngineIdentity;
  resumed?: boolean;
  may_start?: boolean;
  bridge: { version: string; protocol: number };
}

export type Message = ISnapshot | IChanges | IEngineMessage;

export interface IInvokeAnswer {
  record: IInvocationRecord;
  payload: string;
  log: string;
}

export interface ILogEvent {
  sequence: number;
  timestamp: number;
  request_id: string;
  log_stream: string;
  text: string;
}

export interface IMetrics {
  invocations: number;
  errors: number;
  throttles: number;
  cold_starts: number;
  duration_p50_ms: number | null;
  duration_p99_ms: number | null;
  duration_max_ms: number | null;
  init_p50_ms: number | null;
  gb_seconds: number;
  cost_usd: number;
  max_memory_mib: number;
  versions: { [version: string]: number };
}

export interface IDifference {
  before: string;
  after: string;
  configuration: { [member: string]: [unknown, unknown] };
  source: string;
  captured?: { [name: string]: [unknown, unknown] };
}

/** An event that is kept to try a function with: jupyter_lambda/model/saved_event.py. */
export interface ISavedTestEvent {
  name: string;
  event: string;
  last_modified?: string;
}

/** The message of a stream's line, null for one that is none of ours (an engine of another version). */
export function parseMessage(text: string): Message | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) {
    return null;
  }
  const type = (value as { type: unknown }).type;
  return type === 'snapshot' || type === 'changes' || type === 'engine'
    ? (value as Message)
    : null;
}
