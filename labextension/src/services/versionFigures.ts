/**
 * How two versions did, side by side: from the invocations that the page knows of.
 */
import { IInvocationRecord } from '../api/wire';
import { isFailure } from './functionState';
import { percentile } from './history';

/** Fewer calls say nothing. */
export const ENOUGH = 20;

export interface IVersionFigures {
  calls: number;
  p50: number | null;
  p99: number | null;
  memory: number | null;
  billedPerCall: number | null;
  errors: number;
}

export function versionFigures(records: readonly IInvocationRecord[], version: string): IVersionFigures {
  const ran = records.filter(r => r.version === version && r.status !== 'throttled');
  const durations = ran.map(r => r.duration_ms ?? 0);
  return {
    calls: ran.length,
    p50: percentile(durations, 0.5),
    p99: percentile(durations, 0.99),
    memory: ran.length ? Math.max(...ran.map(r => r.max_memory_mib ?? 0)) : null,
    billedPerCall: ran.length ? ran.reduce((sum, r) => sum + (r.billed_ms ?? 0), 0) / ran.length : null,
    errors: ran.filter(r => isFailure(r.status)).length
  };
}
