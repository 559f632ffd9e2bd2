import { History, percentile } from '../src/services/history';
import { Levels } from '../src/services/levels';
import { LINE_CHARACTERS, logLines } from '../src/services/logText';
import { memoryAt, nextMemory, positionOf } from '../src/services/memoryScale';
import { cost, duration, quantityText, size } from '../src/services/quantities';
import { NOW, environment, record } from './fakes';

describe('History', () => {
  it('forgets a second once five minutes have passed', () => {
    const history = new History();
    history.count(NOW, 5, 1, 0, 0);
    expect(history.seconds(NOW + 299, 300)[0].invocations).toBe(5);
    expect(history.seconds(NOW + 300, 300)[0].invocations).toBe(0);
  });

  it('survives a clock that jumps, either way', () => {
    const history = new History();
    history.count(NOW, 1, 0, 0, 0);
    history.count(NOW - 100_000, 1, 0, 0, 0);
    history.count(NOW + 100_000, 1, 0, 0, 0);
    const seconds = history.seconds(NOW + 100_000, 300);
    expect(seconds.reduce((sum, s) => sum + s.invocations, 0)).toBe(1);
  });

  it('takes percentiles by nearest rank, of nothing none', () => {
    const history = new History();
    [30, 10, 20].forEach(ms =>
      history.sample(NOW, record({ duration_ms: ms }))
    );
    expect(history.percentile(0.5)).toBe(20);
    expect(history.seconds(NOW, 1)[0].p99).toBe(30);
    expect(percentile([], 0.5)).toBeNull();
  });
});

describe('History in spans', () => {
  it('has spans at multiples of their length, with percentiles of all of it', () => {
    const history = new History();
    [10, 20, 30, 40].forEach((ms, i) => {
      history.count(NOW + i, 1, 0, 0, 0);
      history.sample(NOW + i, record({ duration_ms: ms }));
    });
    const [last] = history.spans(NOW + 7, 300, 60).slice(-2);
    expect(last).toMatchObject({ from: NOW, width: 5, invocations: 4, p50: 20, p99: 40 });
    history.sample(NOW, record({ duration_ms: 90 }));
    expect(history.spans(NOW + 7, 300, 60).slice(-2)[0].p99).toBe(90);
  });

  it('keeps a bounded number of durations, the latest among them', () => {
    const history = new History();
    for (let i = 0; i < 1000; i++) {
      history.sample(NOW, record({ duration_ms: i }));
    }
    expect(history.seconds(NOW, 1)[0].p50).toBeGreaterThan(900);
  });
});

describe('Levels', () => {
  it('notes changes only, and forgets what is older than it shows', () => {
    const levels = new Levels();
    levels.note(0, []);
    levels.note(1, [environment({ state: 'busy' })]);
    levels.note(2, [environment({ state: 'busy' })]);
    levels.note(3, [environment({ state: 'frozen' })]);
    levels.note(400, []);
    expect(levels.steps.map(s => [s.from, s.busy, s.idle])).toEqual([
      [3, 0, 1],
      [400, 0, 0]
    ]);
  });
});

describe('logLines', () => {
  it('shows colours and control characters as nothing and as symbols', () => {
    const [line] = logLines('\u001b[31mred\u001b[0m\u0007\u001b]0;title\u0007 <script>\n');
    expect(line.text).toBe('red\u2407 <script>');
  });

  it('cuts a line of a megabyte', () => {
    const [line] = logLines('x'.repeat(1_000_000));
    expect([line.text.length, line.cut]).toEqual([
      LINE_CHARACTERS,
      1_000_000 - LINE_CHARACTERS
    ]);
  });

  it('knows levels, and Lambda’s own lines', () => {
    const text = 'START RequestId: 1 Version: 1\n[ERROR] no\nWARNING so\nErrors: 0\n';
    expect(logLines(text).map(l => l.level)).toEqual([
      'system',
      'error',
      'warning',
      'plain'
    ]);
  });
});

describe('memory scale', () => {
  it('has its ends where Lambda has them, and stops at 64 MB', () => {
    expect([memoryAt(0), memoryAt(1000)]).toEqual([128, 10240]);
    expect(memoryAt(positionOf(512))).toBe(512);
    expect([nextMemory(128, -1), nextMemory(130, 1), nextMemory(10240, 1)]).toEqual([128, 192, 10240]);
  });
});

describe('quantities', () => {
  it.each([
    [quantityText(duration(38.24)), '38.2 ms'],
    [quantityText(duration(4120)), '4.12 s'],
    [quantityText(duration(125_000)), '2 min 05 s'],
    [quantityText(duration(null)), '–'],
    [quantityText(size(4_900)), '4.9 kB'],
    [cost(0.00044), '$0.00044'],
    [cost(0), '$0'],
    [cost(12.5), '$12.50']
  ])('%s', (found, wanted) => {
    expect(found).toBe(wanted);
  });
});
