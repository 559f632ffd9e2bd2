/**
 * What a function's environments did in the last minutes, in events a reader would tell.
 */
import { ISecond } from './history';
import { ILevel } from './levels';

export type Happening =
  | { kind: 'from-zero'; at: number; to: number }
  | { kind: 'grew'; at: number; from: number; to: number }
  | { kind: 'shrank'; at: number; from: number; to: number }
  | { kind: 'to-zero'; at: number }
  | { kind: 'throttled'; at: number; calls: number }
  | { kind: 'last-call'; at: number; idle: number };

/** Changes within this time are one. */
const SETTLING_SECONDS = 3;
const TOLD = 8;

/**
 * @param steps Environments over time.
 * @param seconds What was throttled and called; the last is `now`'s.
 * @param now Epoch seconds.
 * @returns The latest, newest first.
 */
export function scalingStory(
  steps: readonly ILevel[],
  seconds: readonly ISecond[],
  now: number
): Happening[] {
  const found = [...changesOf(steps), ...throttlesOf(seconds, now), ...lastCall(steps, seconds, now)];
  return found.sort((a, b) => b.at - a.at).slice(0, TOLD);
}

function total(step: ILevel): number {
  return step.busy + step.idle + step.starting;
}

function changesOf(steps: readonly ILevel[]): Happening[] {
  const found: Happening[] = [];
  let before = 0;
  for (let i = 0; i < steps.length; ) {
    const from = before;
    const at = steps[i].from;
    let after = total(steps[i]);
    const direction = Math.sign(after - from);
    let end = i + 1;
    // One way, without a pause: one event.
    while (
      direction !== 0 &&
      end < steps.length &&
      steps[end].from - steps[end - 1].from < SETTLING_SECONDS &&
      Math.sign(total(steps[end]) - after) !== -direction
    ) {
      after = total(steps[end]);
      end += 1;
    }
    i = end;
    before = after;
    if (after === from) {
      continue;
    }
    if (from === 0) {
      found.push({ kind: 'from-zero', at, to: after });
    } else if (after === 0) {
      found.push({ kind: 'to-zero', at });
    } else {
      found.push({ kind: after > from ? 'grew' : 'shrank', at, from, to: after });
    }
  }
  return found;
}

function throttlesOf(seconds: readonly ISecond[], now: number): Happening[] {
  const found: Happening[] = [];
  let open: { kind: 'throttled'; at: number; calls: number } | null = null;
  let quiet = 0;
  seconds.forEach((second, index) => {
    if (second.throttles > 0) {
      if (!open) {
        open = { kind: 'throttled', at: now - (seconds.length - 1 - index), calls: 0 };
        found.push(open);
      }
      open.calls += second.throttles;
      quiet = 0;
    } else {
      quiet += 1;
      if (quiet > SETTLING_SECONDS) {
        open = null;
      }
    }
  });
  return found;
}

/** When calls ceased, if environments stood idle then. */
function lastCall(steps: readonly ILevel[], seconds: readonly ISecond[], now: number): Happening[] {
  for (let index = seconds.length - 1; index >= 0; index--) {
    if (seconds[index].invocations > 0) {
      const at = now - (seconds.length - 1 - index);
      const since = seconds.length - 1 - index;
      const step = [...steps].reverse().find(s => s.from <= at + 1);
      return since > SETTLING_SECONDS && step && step.idle > 0 ? [{ kind: 'last-call', at, idle: step.idle }] : [];
    }
  }
  return [];
}
