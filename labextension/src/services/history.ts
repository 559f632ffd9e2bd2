/**
 * A function's last minutes, second by second, in arrays of a fixed length: an hour's stream needs no more memory than a minute's.
 */
import { IInvocationRecord } from '../api/wire';

/** Five minutes: what charts show at most. */
export const SECONDS = 300;

/** Latest durations that the percentiles are taken from. */
const DURATIONS = 200;

/** Durations kept of one second: enough for its p99, and the same memory however many there were. */
const SAMPLES = 128;

/** Of a time's invocations; null when none ended. */
interface IPercentiles {
  p50: number | null;
  p99: number | null;
}

export interface ISecond extends IPercentiles {
  invocations: number;
  errors: number;
  throttles: number;
  cold: number;
}

/** Some seconds as one. */
export interface ISpan extends ISecond {
  /** Epoch seconds. */
  from: number;
  /** Seconds. */
  width: number;
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
    const samples = this._samples[slot];
    if (samples.length < SAMPLES) {
      samples.push(duration);
    } else {
      samples[this._next] = duration;
      this._next = (this._next + 1) % SAMPLES;
    }
    this._sampled[slot] += 1;
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
      result.push(this._span(second, second));
    }
    return result;
  }

  /**
   * The same in spans of whole seconds, `most` of them about; they begin at multiples of their length, so that a chart's bars
   * move without changing.
   */
  spans(now: number, length: number, most: number): ISpan[] {
    this._slot(now);
    const width = Math.max(1, Math.ceil(length / most));
    const result: ISpan[] = [];
    const first = Math.floor((now - length) / width) + 1;
    for (let span = first; span * width <= now; span++) {
      const from = span * width;
      const to = Math.min(from + width - 1, now);
      result.push({ from, width, ...this._span(from, to) });
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
    this._sampled[slot] = 0;
    this._samples[slot] = [];
  }

  private _span(from: number, to: number): ISecond {
    const sum: ISecond = { invocations: 0, errors: 0, throttles: 0, cold: 0, p50: null, p99: null };
    let sampled = 0;
    for (let second = from; second <= to; second++) {
      const slot = ((second % SECONDS) + SECONDS) % SECONDS;
      sum.invocations += this._invocations[slot];
      sum.errors += this._errors[slot];
      sum.throttles += this._throttles[slot];
      sum.cold += this._cold[slot];
      sampled += this._sampled[slot];
    }
    return sampled === 0 ? sum : { ...sum, ...this._percentiles(from, to, sampled) };
  }

  /** Sorted once for each span that changed: charts ask for all of them with every redraw. */
  private _percentiles(from: number, to: number, sampled: number): IPercentiles {
    const key = from * SECONDS + (to - from);
    const known = this._known.get(key);
    if (known?.sampled === sampled) {
      return { p50: known.p50, p99: known.p99 };
    }
    if (this._known.size > 4 * SECONDS) {
      this._known.clear();
    }
    const samples: number[] = [];
    for (let second = from; second <= to; second++) {
      samples.push(...this._samples[((second % SECONDS) + SECONDS) % SECONDS]);
    }
    const found = { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
    this._known.set(key, { sampled, ...found });
    return found;
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
  private readonly _sampled = new Uint32Array(SECONDS);
  private readonly _known = new Map<number, IPercentiles & { sampled: number }>();
  private _next = 0;
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
