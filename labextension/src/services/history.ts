/**
 * A function's last minutes, second by second, in arrays of a fixed length: an hour's stream needs no more memory than a minute's.
 */
import { IInvocationRecord } from '../api/wire';

/** Five minutes: what charts show at most. */
export const SECONDS = 300;

/** Latest durations that the percentiles are taken from. */
const DURATIONS = 200;

export interface ISecond {
  invocations: number;
  errors: number;
  throttles: number;
  cold: number;
  /** Of this second's invocations; null when none ended. */
  p50: number | null;
  p99: number | null;
}

export class History {
  /** Count invocations that ended about now. */
  count(
    second: number,
    invocations: number,
    errors: number,
    throttles: number,
    cold: number
  ): void {
    const slot = this._slot(second);
    this._invocations[slot] += invocations;
    this._errors[slot] += errors;
    this._throttles[slot] += throttles;
    this._cold[slot] += cold;
  }

  /** Take a duration into the percentiles. */
  sample(second: number, record: IInvocationRecord): void {
    if (record.status === 'throttled') {
      return;
    }
    const duration = record.duration_ms ?? 0;
    const slot = this._slot(second);
    this._samples[slot].push(duration);
    this._latest.push(duration);
    if (this._latest.length > DURATIONS) {
      this._latest.shift();
    }
  }

  /** The last `length` seconds up to `now`, oldest first. */
  seconds(now: number, length: number): ISecond[] {
    this._slot(now);
    const result: ISecond[] = [];
    for (let second = now - length + 1; second <= now; second++) {
      const slot = ((second % SECONDS) + SECONDS) % SECONDS;
      const samples = this._samples[slot];
      result.push({
        invocations: this._invocations[slot],
        errors: this._errors[slot],
        throttles: this._throttles[slot],
        cold: this._cold[slot],
        p50: percentile(samples, 0.5),
        p99: percentile(samples, 0.99)
      });
    }
    return result;
  }

  /** Of the latest invocations; null when none ended yet. */
  percentile(share: number): number | null {
    return percentile(this._latest, share);
  }

  /** The slot of a second; what lies between the newest and it becomes empty. */
  private _slot(second: number): number {
    if (this._newest === null || second - this._newest > SECONDS) {
      this._newest = second - SECONDS;
    }
    for (; this._newest < second; ) {
      this._newest += 1;
      this._clear(((this._newest % SECONDS) + SECONDS) % SECONDS);
    }
    // A clock that was set back: the past is counted where the present is.
    const counted = this._newest - second >= SECONDS ? this._newest : second;
    return ((counted % SECONDS) + SECONDS) % SECONDS;
  }

  private _clear(slot: number): void {
    this._invocations[slot] = 0;
    this._errors[slot] = 0;
    this._throttles[slot] = 0;
    this._cold[slot] = 0;
    this._samples[slot] = [];
  }

  private _newest: number | null = null;
  private readonly _invocations = new Uint32Array(SECONDS);
  private readonly _errors = new Uint32Array(SECONDS);
  private readonly _throttles = new Uint32Array(SECONDS);
  private readonly _cold = new Uint32Array(SECONDS);
  private readonly _samples: number[][] = Array.from(
    { length: SECONDS },
    () => []
  );
  private readonly _latest: number[] = [];
}

/** The nearest-rank percentile, null of nothing. */
export function percentile(
  values: readonly number[],
  share: number
): number | null {
  if (values.length === 0) {
    return null;
  }
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
