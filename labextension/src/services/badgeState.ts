/**
 * What the badge in a cell's corner says: one thing, the most pressing one.
 */
import { isSameSource, ICellText } from './cellText';
import { Presence } from './engineModel';
import { FunctionState } from './functionState';

export type BadgeState =
  | 'engine-off'
  | 'deploying'
  | 'not-deployed'
  | 'running'
  | 'differs'
  | 'failed'
  | 'deployed';

export interface IBadgeFacts {
  cell: ICellText;
  /** Null while there is no such function. */
  state: FunctionState | null;
  presence: Presence;
  /** The cell runs now. */
  isExecuting: boolean;
  /** The sum of the first line that the cell was run with last; null where its output does not say. */
  lineSum: number | null;
}

export function badgeState(facts: IBadgeFacts): BadgeState {
  const { cell, state, presence, lineSum } = facts;
  if (facts.isExecuting) {
    return 'deploying';
  }
  if (presence !== 'live') {
    return 'engine-off';
  }
  if (!state) {
    return 'not-deployed';
  }
  if (state.running.length > 0) {
    return 'running';
  }
  if (cellDiffers(cell, state, lineSum)) {
    return 'differs';
  }
  return state.condition === 'failing' ? 'failed' : 'deployed';
}

/** Whether a cell says something else than what is deployed of it. */
export function cellDiffers(cell: ICellText, state: FunctionState, lineSum: number | null): boolean {
  return !(
    isSameSource(cell.body, state.detail.function.latest.source) &&
    (lineSum === null || lineSum === crc32(cell.line))
  );
}

/** CRC-32 of a text's UTF-8, as zlib has it: the kernel writes it into the card's data. */
export function crc32(text: string): number {
  let crc = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ~crc >>> 0;
}
