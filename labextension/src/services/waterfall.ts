/**
 * Where an invocation's time went, as bars on one scale that begins when it arrived.
 */
import { IInvocationRecord } from '../api/wire';

export type StepKind =
  | 'queue'
  | 'start'
  | 'runtime'
  | 'init'
  | 'import'
  | 'preloaded'
  | 'body'
  | 'handler';

export interface IStep {
  kind: StepKind;
  /** A module, where there is one. */
  module?: string;
  /** Ms after the arrival. */
  at: number;
  ms: number;
  /** How far it stands inside what stands above it. */
  depth: number;
}

export interface IWaterfall {
  steps: IStep[];
  /** Ms that the width stands for. */
  total: number;
  /** What the REPORT line calls Init Duration and Duration, null where it has none. */
  init: { at: number; ms: number } | null;
  duration: { at: number; ms: number };
}

export function waterfall(record: IInvocationRecord): IWaterfall {
  const start = record.cold ? (record.start_ms ?? 0) : 0;
  const init = record.cold ? (record.init_ms ?? 0) : 0;
  const handler = record.duration_ms ?? 0;
  // `queued_ms` lasts until the handler begins: what start and init leave of it was waiting.
  const queue = Math.max(0, (record.queued_ms ?? 0) - start - init);
  const steps: IStep[] = [{ kind: 'queue', at: 0, ms: queue, depth: 0 }];
  if (record.cold) {
    steps.push({ kind: 'start', at: queue, ms: start, depth: 0 });
    steps.push(...initSteps(record, queue + start, init));
  }
  const begins = queue + start + init;
  steps.push({ kind: 'handler', at: begins, ms: handler, depth: 0 });
  return {
    steps,
    total: Math.max(0.001, begins + handler),
    init: init > 0 ? { at: queue + start, ms: init } : null,
    duration: { at: begins, ms: handler }
  };
}

/** Init in its parts where the runtime told them, else as one. */
function initSteps(record: IInvocationRecord, at: number, init: number): IStep[] {
  const times = record.init_times;
  if (!times) {
    return [{ kind: 'init', at, ms: init, depth: 0 }];
  }
  const imports = times.imports ?? [];
  const whole = Math.min(times.whole_ms, init);
  // The runtime's clock began later than the engine's: both end when the function is ready.
  const begins = at + init - whole;
  const imported = imports
    .filter(i => (i.depth ?? 0) === 0)
    .reduce((sum, i) => sum + i.ms, 0);
  const body = Math.max(0, whole - imported);
  return [
    { kind: 'runtime', at, ms: init - whole, depth: 0 },
    ...(times.preloaded ?? []).map(module => ({
      kind: 'preloaded' as const,
      module,
      at: begins,
      ms: 0,
      depth: 1
    })),
    ...imports.map(i => ({
      kind: 'import' as const,
      module: i.module,
      at: begins + i.at_ms,
      ms: i.ms,
      depth: 1 + (i.depth ?? 0)
    })),
    { kind: 'body', at: at + init - body, ms: body, depth: 0 }
  ];
}

/** Round marks for a scale of so many ms. */
export function marks(total: number): number[] {
  const rough = total / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * unit).find(s => s >= rough) ?? rough;
  const found = [];
  for (let at = 0; at < total * 0.97; at += step) {
    found.push(Number(at.toPrecision(6)));
  }
  return found;
}
