/**
 * What is known of one function: its versions, and what it did lately.
 */
import {
  IEnvironment,
  IFunctionDetail,
  IInvocationRecord,
  IRunning,
  Status
} from '../api/wire';
import { History } from './history';
import { Levels } from './levels';

/** Records kept for lists; older ones are asked for. */
export const RECORDS = 200;

/** One sign for a function as a whole, most pressing first. */
export type Condition =
  | 'running'
  | 'failing'
  | 'throttled'
  | 'ready'
  | 'at-rest';

export class FunctionState {
  constructor(public detail: IFunctionDetail) {}

  get name(): string {
    return this.detail.function.name;
  }

  readonly history = new History();
  readonly levels = new Levels();
  running: IRunning[] = [];
  environments: IEnvironment[] = [];

  /** The latest, newest first. */
  records: IInvocationRecord[] = [];

  get alive(): IEnvironment[] {
    return this.environments.filter(e => e.ended === null);
  }

  /** Environments whose memory limit is not the one set now. */
  get older(): IEnvironment[] {
    const { memory_mib } = this.detail.function.latest.configuration;
    return this.alive.filter(
      e => e.version === '$LATEST' && e.memory_mib !== memory_mib
    );
  }

  get condition(): Condition {
    if (this.running.length > 0) {
      return 'running';
    }
    const last = this.records[0];
    if (last && last.status === 'throttled') {
      return 'throttled';
    }
    if (last && isFailure(last.status)) {
      return 'failing';
    }
    return this.alive.length > 0 ? 'ready' : 'at-rest';
  }

  /** Epoch seconds of the last sign of life, 0 for none. */
  get lastActive(): number {
    return this.running.length > 0
      ? Number.MAX_SAFE_INTEGER
      : (this.records[0]?.arrived ?? 0);
  }

  /** Records that the stream left out, in all: lists have gaps then. */
  leftOut = 0;

  /** Take in a record that ended; the same one twice is one. */
  add(record: IInvocationRecord): boolean {
    const known = this.records.findIndex(
      r => r.request_id === record.request_id
    );
    const isRetry =
      known >= 0 && this.records[known].attempt !== record.attempt;
    if (known >= 0 && !isRetry) {
      return false;
    }
    this.records = [record, ...this.records].slice(0, RECORDS);
    return true;
  }

  /** Failures among what is kept of the last `seconds`. */
  recentFailures(now: number, seconds: number): number {
    return this.history
      .seconds(now, seconds)
      .reduce((sum, s) => sum + s.errors, 0);
  }
}

export function isFailure(status: Status | undefined): boolean {
  return !(
    status === undefined ||
    status === 'succeeded' ||
    status === 'running' ||
    status === 'queued' ||
    status === 'cancelled'
  );
}
