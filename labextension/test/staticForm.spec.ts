import { nullTranslator } from '@jupyterlab/translation';

import { IMetrics } from '../src/api/wire';
import { isSameState, stateIn, staticForm, withState, withoutState } from '../src/cell/staticForm';
import { FunctionState } from '../src/services/functionState';
import { NOW, functionDetail, record } from './fakes';

const TRANS = nullTranslator.load('jupyter_lambda');
const METRICS = {
  invocations: 1204,
  errors: 5,
  throttles: 0,
  cold_starts: 6,
  duration_p50_ms: 38.2,
  duration_p99_ms: 61,
  cost_usd: 0.00044,
  max_memory_mib: 143
} as IMetrics;

function state(): FunctionState {
  const made = new FunctionState(functionDetail('embed<b>', 512));
  made.add(record({ request_id: 'a', cold: true, max_memory_mib: 151, memory_mib: 512 }));
  made.add(
    record({
      request_id: 'b',
      status: 'failed',
      error_type: 'KeyError',
      error_message: "'<img src=x>'"
    })
  );
  return made;
}

describe('the form in the saved notebook', () => {
  it('tells the story without style and script', () => {
    const html = staticForm(state(), METRICS, NOW * 1000, TRANS);
    expect(html).toContain('<td align="right">1,204</td>');
    expect(html).toContain('38.2 ms');
    expect(html).toContain('$0.00044');
    expect(html).toContain('◇ cold 10.0 ms, 151 of 512 MB');
    expect(html).not.toMatch(/style|class|script/);
  });

  it('shows text of functions as text', () => {
    const html = staticForm(state(), METRICS, NOW * 1000, TRANS);
    expect(html).toContain('embed&lt;b&gt;');
    expect(html).toContain('KeyError: \'&lt;img src=x&gt;\'');
    expect(html).not.toContain('<img');
  });

  it('stands in front of what the kernel wrote, once', () => {
    const once = withState('<div>report</div>', '<p>1</p>');
    const twice = withState(once, '<p>2</p>');
    expect(stateIn(twice)).toBe('<p>2</p>');
    expect(withoutState(twice)).toBe('<div>report</div>');
    expect(withoutState('<div>report</div>')).toBe('<div>report</div>');
    expect(stateIn('<div>report</div>')).toBe('');
  });

  it('is the same where only the time is another one', () => {
    const early = staticForm(state(), METRICS, NOW * 1000, TRANS);
    const late = staticForm(state(), METRICS, (NOW + 60) * 1000, TRANS);
    const other = staticForm(state(), { ...METRICS, errors: 6 }, NOW * 1000, TRANS);
    expect(early).not.toBe(late);
    expect(isSameState(early, late)).toBe(true);
    expect(isSameState(early, other)).toBe(false);
  });
});
