/**
 * What charts draw, as columns of equal length: the first is x in seconds, 0 is now and the past is negative.
 */
import { IInvocationRecord } from '../api/wire';
import { ISecond, ISpan } from './history';
import { ILevel } from './levels';
import { isFailure } from './functionState';

export type Column = (number | null)[];

/** Calls per span, and what of them failed or was throttled; x is where a span begins. */
export function invocationColumns(
  spans: readonly ISpan[],
  now: number
): [Column, Column, Column] {
  return [
    spans.map(s => s.from - now),
    spans.map(s => s.invocations + s.throttles),
    spans.map(s => s.errors + s.throttles)
  ];
}

/**
 * p50 and p99 per span, x in its middle; then, at the height of the p99, the spans with a cold start, and those with a failure.
 * What is still open is nearest to now.
 */
export function latencyColumns(
  spans: readonly ISpan[],
  now: number
): [Column, Column, Column, Column, Column] {
  return [
    spans.map(s => Math.min(0, s.from + s.width / 2 - now)),
    spans.map(s => s.p50),
    spans.map(s => s.p99),
    spans.map(s => (s.cold > 0 ? s.p99 : null)),
    spans.map(s => (s.errors > 0 ? s.errors : null))
  ];
}

/**
 * Environments as stacked steps, the topmost first: throttled, initialising, idle, busy, each with those below it.
 * There is a row wherever something changes, one at the left edge, and one now.
 */
export function environmentColumns(
  steps: readonly ILevel[],
  seconds: readonly ISecond[],
  now: number,
  span: number
): [Column, Column, Column, Column, Column] {
  const start = now - span;
  const times = new Set([start, now]);
  for (const step of steps) {
    if (step.from > start && step.from < now) {
      times.add(step.from);
    }
  }
  const second = Math.floor(now);
  seconds.forEach((s, i) => {
    const from = second - (seconds.length - 1) + i;
    if (s.throttles > 0) {
      [from, from + 1].filter(t => t > start && t < now).forEach(t => times.add(t));
    }
  });
  const sorted = [...times].sort((a, b) => a - b);
  const columns: [Column, Column, Column, Column, Column] = [[], [], [], [], []];
  let at = -1;
  for (const time of sorted) {
    while (at + 1 < steps.length && steps[at + 1].from <= time) {
      at += 1;
    }
    const { busy, idle, starting } = steps[at] ?? { busy: 0, idle: 0, starting: 0 };
    const index = seconds.length - 1 - (second - Math.floor(time));
    const throttled = seconds[index]?.throttles ?? 0;
    const stacked = [time - now, busy + idle + starting + throttled, busy + idle + starting, busy + idle, busy];
    stacked.forEach((value, i) => columns[i].push(value));
  }
  return columns;
}

/** How many calls waited for an environment, as steps. */
export function waitingColumns(steps: readonly ILevel[], now: number, span: number): [Column, Column] {
  const start = now - span;
  const first = [...steps].reverse().find(s => s.from <= start);
  const later = steps.filter(s => s.from > start);
  return [
    [-span, ...later.map(s => s.from - now), 0],
    [first?.waiting ?? 0, ...later.map(s => s.waiting), steps[steps.length - 1]?.waiting ?? 0]
  ];
}

/** Peak memory of each invocation, then the limit that held for it and what of the peaks belongs to a failure. */
export function memoryColumns(
  records: readonly IInvocationRecord[],
  now: number,
  span: number
): [Column, Column, Column, Column] {
  const shown = records
    .filter(r => (r.arrived ?? 0) > now - span && (r.max_memory_mib ?? 0) > 0)
    .sort((a, b) => (a.arrived ?? 0) - (b.arrived ?? 0));
  return [
    shown.map(r => Math.min(0, (r.arrived ?? 0) - now)),
    shown.map(r => r.max_memory_mib ?? null),
    shown.map(r => r.memory_mib ?? null),
    shown.map(r => (isFailure(r.status) ? (r.max_memory_mib ?? null) : null))
  ];
}

/** The last value that is one. */
export function newest(column: Column): number | null {
  for (let i = column.length - 1; i >= 0; i--) {
    const value = column[i];
    if (value !== null) {
      return value;
    }
  }
  return null;
}

/** The next of 1, 2, 4, 6, 10, 20, 40, …: halves stay whole numbers. */
export function niceCeiling(value: number): number {
  for (let unit = 1; ; unit *= 10) {
    const found = [1, 2, 4, 6].map(n => n * unit).find(n => n >= value);
    if (found !== undefined) {
      return found;
    }
  }
}
