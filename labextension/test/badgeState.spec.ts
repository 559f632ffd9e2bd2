import { badgeState, crc32 } from '../src/services/badgeState';
import { ICellText, cellText } from '../src/services/cellText';
import { FunctionState } from '../src/services/functionState';
import { functionDetail } from './fakes';

function facts(text: string, lineSum: number | null = null): Parameters<typeof badgeState>[0] {
  const state = new FunctionState(functionDetail());
  state.detail.function.latest.source = 'pass\n';
  return { cell: cellText(text) as ICellText, state, presence: 'live', isExecuting: false, lineSum };
}

describe('what a badge says', () => {
  it('knows another first line by its sum', () => {
    const run = crc32('%%lambda f --memory 256');
    expect(badgeState(facts('%%lambda f  --memory 256\npass', run))).toBe('deployed');
    expect(badgeState(facts('%%lambda f --memory 512\npass', run))).toBe('differs');
    expect(badgeState(facts('%%lambda f --memory 512\npass'))).toBe('deployed');
  });

  it('begins with what the cell does now', () => {
    expect(badgeState({ ...facts('%%lambda f\npass'), isExecuting: true })).toBe('deploying');
    expect(badgeState({ ...facts('%%lambda f\npass'), presence: 'reconnecting' })).toBe('engine-off');
    expect(badgeState({ ...facts('%%lambda f\npass'), state: null })).toBe('not-deployed');
  });

  it('sums as zlib does', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    expect(crc32('λ')).toBe(0x4813823b);
  });
});
