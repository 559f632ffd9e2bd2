/**
 * What a reader of a function's latest calls should know, and its failures by kind.
 */
import { IInvocationRecord } from '../api/wire';
import { isFailure } from './functionState';
import { percentile } from './history';

export type Standing =
  /** One import is most of the init. */
  | { kind: 'import'; module: string; ms: number; initMs: number; record: IInvocationRecord }
  | { kind: 'near-memory'; peak: number; limit: number; record: IInvocationRecord }
  | { kind: 'ample-memory'; peak: number; limit: number }
  | { kind: 'near-timeout'; ms: number; timeoutSeconds: number; record: IInvocationRecord };

const IMPORT_SHARE = 0.4;
const IMPORT_MS = 50;
const NEAR = 0.8;
const AMPLE = 0.35;
const ENOUGH = 20;
const MEMORY_MIN = 128;

/** @param records Newest first. */
export function standingOut(records: readonly IInvocationRecord[]): Standing[] {
  const ran = records.filter(r => r.status !== 'throttled');
  return [...slowImport(ran), ...memory(ran), ...timeout(ran)];
}

function slowImport(ran: readonly IInvocationRecord[]): Standing[] {
  const record = ran.find(r => r.cold && r.init_times);
  const own = (record?.init_times?.imports ?? []).filter(i => (i.depth ?? 0) === 0);
  const longest = [...own].sort((a, b) => b.ms - a.ms)[0];
  const initMs = record?.init_ms ?? 0;
  return record && longest && longest.ms >= IMPORT_MS && longest.ms >= IMPORT_SHARE * initMs
    ? [{ kind: 'import', module: longest.module, ms: longest.ms, initMs, record }]
    : [];
}

function memory(ran: readonly IInvocationRecord[]): Standing[] {
  // What holds now: older limits are of older settings.
  const limit = ran[0]?.memory_mib ?? 0;
  const own = ran.filter(r => r.memory_mib === limit && (r.max_memory_mib ?? 0) > 0);
  const highest = [...own].sort((a, b) => (b.max_memory_mib ?? 0) - (a.max_memory_mib ?? 0))[0];
  const peak = highest?.max_memory_mib ?? 0;
  if (!highest || limit === 0) {
    return [];
  }
  if (peak >= NEAR * limit) {
    return [{ kind: 'near-memory', peak, limit, record: highest }];
  }
  return own.length >= ENOUGH && limit > MEMORY_MIN && peak <= AMPLE * limit ? [{ kind: 'ample-memory', peak, limit }] : [];
}

function timeout(ran: readonly IInvocationRecord[]): Standing[] {
  const timeoutSeconds = ran[0]?.timeout_seconds ?? 0;
  const own = ran.filter(r => r.timeout_seconds === timeoutSeconds);
  const ms = percentile(own.map(r => r.duration_ms ?? 0), 0.99);
  const record = own.find(r => r.duration_ms === ms);
  return ms !== null && record && timeoutSeconds > 0 && ms >= NEAR * timeoutSeconds * 1000
    ? [{ kind: 'near-timeout', ms, timeoutSeconds, record }]
    : [];
}

export interface IFailureGroup {
  type: string;
  message: string;
  calls: number;
  latest: IInvocationRecord;
}

/** Failures by error type, the most frequent first; `records` newest first. */
export function failureGroups(records: readonly IInvocationRecord[]): IFailureGroup[] {
  const groups = new Map<string, IFailureGroup>();
  for (const record of records) {
    if (isFailure(record.status)) {
      const type = record.error_type ?? record.status ?? '';
      const known = groups.get(type);
      if (known) {
        known.calls += 1;
      } else {
        groups.set(type, { type, message: record.error_message ?? '', calls: 1, latest: record });
      }
    }
  }
  return [...groups.values()].sort((a, b) => b.calls - a.calls);
}
