import { waterfall, marks } from '../src/services/waterfall';
import { bars } from '../src/services/timeLine';
import { scalingStory } from '../src/services/scalingStory';
import { versionFigures } from '../src/services/versionFigures';
import { failureGroups, standingOut } from '../src/services/standingOut';
import { Preferences } from '../src/services/preferences';
import { History } from '../src/services/history';
import { Levels } from '../src/services/levels';
import { NOW, environment, record } from './fakes';

describe('waterfall', () => {
  const cold = record({
    cold: true,
    queued_ms: 216,
    start_ms: 4,
    init_ms: 210,
    duration_ms: 40,
    init_times: {
      whole_ms: 200,
      imports: [
        { module: 'pandas', at_ms: 10, ms: 120, depth: 0 },
        { module: 'numpy', at_ms: 20, ms: 60, depth: 1 }
      ],
      preloaded: ['scipy']
    }
  });

  it('puts every part of a cold start on one scale, imports where they began', () => {
    const { steps, total } = waterfall(cold);
    expect(total).toBe(256);
    expect(steps.map(s => [s.kind, s.module, s.at, s.ms, s.depth])).toEqual([
      ['queue', undefined, 0, 2, 0],
      ['start', undefined, 2, 4, 0],
      ['runtime', undefined, 6, 10, 0],
      ['preloaded', 'scipy', 16, 0, 1],
      ['import', 'pandas', 26, 120, 1],
      ['import', 'numpy', 36, 60, 2],
      ['body', undefined, 136, 80, 0],
      ['handler', undefined, 216, 40, 0]
    ]);
  });

  it('knows init as one where the runtime told nothing, and no init on a warm call', () => {
    const untold = waterfall({ ...cold, init_times: undefined });
    expect(untold.steps.map(s => s.kind)).toEqual(['queue', 'start', 'init', 'handler']);
    const warm = waterfall(record({ queued_ms: 1, duration_ms: 9 }));
    expect([warm.steps.map(s => s.kind), warm.init, warm.total]).toEqual([['queue', 'handler'], null, 10]);
  });

  it('is never wider than its scale, whatever a runtime tells', () => {
    const lying = waterfall({ ...cold, init_times: { whole_ms: 9_000, imports: [] } });
    expect(Math.max(...lying.steps.map(s => s.at + s.ms))).toBeLessThanOrEqual(lying.total);
    expect(Math.min(...lying.steps.flatMap(s => [s.at, s.ms]))).toBeGreaterThanOrEqual(0);
  });

  it('marks its scale at round figures', () => {
    expect(marks(254)).toEqual([0, 100, 200]);
    expect(marks(0.4)).toEqual([0, 0.1, 0.2, 0.3]);
  });
});

describe('time line', () => {
  it('cuts spans to what is shown, and draws what lasts up to its end', () => {
    const drawn = bars(
      [
        { state: 'initialising', since: 90, until: 110 },
        { state: 'busy', since: 110, until: 150, calls: 3, why: 'timed-out' },
        { state: 'frozen', since: 150 }
      ],
      100,
      200,
      0.001
    );
    expect(drawn.map(b => [b.look, b.at, b.width, b.calls, b.why])).toEqual([
      ['init', 0, 0.1, 0, ''],
      ['busy', 0.1, 0.4, 3, 'timed-out'],
      ['frozen', 0.5, 0.5, 0, '']
    ]);
  });

  it('draws spans that are too thin as one, busy first, and loses no call', () => {
    const spans = Array.from({ length: 1000 }, (_, i) => ({
      state: i % 2 ? ('idle' as const) : ('busy' as const),
      since: 100 + i / 10,
      until: 100 + (i + 1) / 10,
      calls: i % 2 ? 0 : 1
    }));
    const drawn = bars(spans, 100, 200, 1 / 50);
    expect(drawn.length).toBeLessThanOrEqual(51);
    expect(drawn.reduce((sum, b) => sum + b.calls, 0)).toBe(500);
    expect(new Set(drawn.map(b => b.look))).toEqual(new Set(['busy']));
  });
});

describe('scaling story', () => {
  it('tells growth, throttles, the last call and the way back', () => {
    const levels = new Levels();
    const history = new History();
    const some = (n: number, state: 'busy' | 'idle'): ReturnType<typeof environment>[] =>
      Array.from({ length: n }, () => environment({ state }));
    levels.note(NOW - 100, some(2, 'busy'));
    levels.note(NOW - 99, some(5, 'busy'));
    levels.note(NOW - 60, some(9, 'busy'));
    history.count(NOW - 58, 4, 0, 7, 0);
    history.count(NOW - 57, 4, 0, 2, 0);
    levels.note(NOW - 56, some(9, 'idle'));
    levels.note(NOW - 10, []);
    const told = scalingStory(levels.steps, history.seconds(NOW, 300), NOW);
    expect(told.map(({ at, ...rest }) => ({ ...rest, ago: NOW - at }))).toEqual([
      { kind: 'to-zero', ago: 10 },
      { kind: 'last-call', idle: 9, ago: 57 },
      { kind: 'throttled', calls: 9, ago: 58 },
      { kind: 'grew', from: 5, to: 9, ago: 60 },
      { kind: 'from-zero', to: 5, ago: 100 }
    ]);
  });

  it('tells nothing where nothing happened', () => {
    expect(scalingStory([], new History().seconds(NOW, 300), NOW)).toEqual([]);
  });
});

describe('version figures', () => {
  it('are of that version’s calls, throttled ones apart', () => {
    const found = versionFigures(
      [
        record({ version: '1', duration_ms: 10, billed_ms: 10, max_memory_mib: 50 }),
        record({ version: '1', duration_ms: 30, billed_ms: 30, status: 'failed' }),
        record({ version: '1', status: 'throttled', duration_ms: 0 }),
        record({ version: '2', duration_ms: 99 })
      ],
      '1'
    );
    expect(found).toEqual({ calls: 2, p50: 10, p99: 30, memory: 50, billedPerCall: 20, errors: 1 });
    expect(versionFigures([], '1').p50).toBeNull();
  });
});

describe('Preferences', () => {
  it('take what fits, and the default for what does not', () => {
    const preferences = new Preferences();
    preferences.take({ refreshMilliseconds: 5, panelSide: 'right', defaultMemory: 'much', confirmations: false });
    expect(preferences.values).toEqual({ refreshMs: 20, side: 'right', defaultMemory: 128, confirm: false });
    preferences.take({});
    expect(preferences.values).toEqual({ refreshMs: 100, side: 'left', defaultMemory: 128, confirm: true });
  });
});

describe('what stands out', () => {
  const call = (members: object): ReturnType<typeof record> =>
    record({ memory_mib: 512, max_memory_mib: 100, timeout_seconds: 10, ...members });

  it('is an import that is most of the init, memory near its limit, calls near the timeout', () => {
    const cold = call({
      cold: true,
      init_ms: 200,
      init_times: { whole_ms: 190, imports: [{ module: 'torch', at_ms: 0, ms: 150 }, { module: 'numpy', at_ms: 9, ms: 140, depth: 1 }] }
    });
    const found = standingOut([call({ max_memory_mib: 420 }), cold, call({ duration_ms: 9_000 })]);
    expect(found.map(f => f.kind)).toEqual(['import', 'near-memory', 'near-timeout']);
    expect(found[0]).toMatchObject({ module: 'torch', ms: 150, initMs: 200 });
  });

  it('is ample memory only after enough calls under the limit that holds now', () => {
    const calls = Array.from({ length: 20 }, () => call({}));
    expect(standingOut(calls).map(f => f.kind)).toEqual(['ample-memory']);
    expect(standingOut(calls.slice(1))).toEqual([]);
    expect(standingOut([call({ memory_mib: 128 }), ...calls])).toEqual([]);
    expect(standingOut([])).toEqual([]);
  });

  it('groups failures by their kind, the most frequent first', () => {
    const failed = (error_type: string): ReturnType<typeof record> => record({ status: 'failed', error_type });
    const groups = failureGroups([failed('KeyError'), record(), failed('ValueError'), failed('ValueError')]);
    expect(groups.map(g => [g.type, g.calls])).toEqual([['ValueError', 2], ['KeyError', 1]]);
  });
});
