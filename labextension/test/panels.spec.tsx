/** @jest-environment jsdom */
import './page';

import { act, cleanup, fireEvent, render } from '@testing-library/react';
import React from 'react';

import { EngineView } from '../src/panels/engine/engineView';
import { FunctionList } from '../src/panels/functionList';
import { InvocationTable } from '../src/panels/invocationTable';
import { LogView } from '../src/panels/logView';
import { useModel } from '../src/panels/redraw';
import { PresenceNote } from '../src/panels/presence';
import { DetailModel } from '../src/services/detailModel';
import { Selected } from '../src/panels/detail/invocation';
import { Deeds, NO_DEEDS } from '../src/panels/deeds';
import { ILogEvent } from '../src/api/wire';
import { EngineModel } from '../src/services/engineModel';
import { DOWN, FakeApi, NOW, Wires, changes, engine, environment, functionDetail, record, snapshot, up } from './fakes';

afterEach(cleanup);

function live(members: object = {}, identity: object = {}): { wires: Wires; api: FakeApi; model: EngineModel } {
  const wires = new Wires();
  const api = new FakeApi();
  const model = engine(wires, api);
  wires.stream.start();
  wires.socket.say(up('e-1', identity));
  wires.socket.say(snapshot(0, members));
  return { wires, api, model };
}

const STATUS = {
  pid: 7,
  home: '/home/ada/lambda',
  sandbox: 'process',
  version: '0.1.0',
  protocol: 1,
  started: NOW - 65,
  environments: 1,
  running: 0,
  queued_events: 3,
  budget_mib: 3000,
  budget_used_mib: 500,
  concurrency: 1000,
  sandbox_note: 'Docker does not answer.',
  enforcement: [
    { row: 'memory', held: true, by: 'cgroup v2', note: '' },
    { row: 'tmp', held: false, by: 'nothing', note: 'needs namespaces' }
  ],
  warnings: ['The home is on NFS.']
};

describe('long lists', () => {
  it('have only the rows in the page that can be seen', () => {
    const records = Array.from({ length: 100_000 }, (_, i) => record({ request_id: `r-${i}` }));
    const { container } = render(<InvocationTable records={records} running={[]} />);
    expect(container.querySelectorAll('tr[data-request]').length).toBeLessThan(80);
    expect(container.querySelector('table')?.getAttribute('aria-rowcount')).toBe('100001');
    expect(container.querySelectorAll('.jp-Lambda-gap').length).toBe(1);
  });

  it('of functions are one tab stop that arrows move', () => {
    const names = Array.from({ length: 200 }, (_, i) => `f${String(i).padStart(3, '0')}`);
    const { model } = live({ functions: names.map(name => functionDetail(name)) });
    const { container } = render(
      <FunctionList
        model={model}
        notebook={null}
        state={{ filter: '', order: 'name' }}
        change={() => undefined}
        open={() => undefined}
      />
    );
    const rows = (): HTMLElement[] => [...container.querySelectorAll<HTMLElement>('[data-function]')];
    expect(rows().length).toBeLessThan(60);
    expect(rows().filter(row => row.tabIndex === 0).length).toBe(1);
    act(() => rows()[0].focus());
    fireEvent.keyDown(rows()[0], { key: 'ArrowDown' });
    expect(document.activeElement?.getAttribute('data-function')).toBe('f001');
  });
});

describe('a log', () => {
  const event = (sequence: number, text: string): ILogEvent => ({
    sequence,
    text,
    timestamp: NOW,
    request_id: 'r-1',
    log_stream: ''
  });

  it('marks what is searched for, and says in how many lines it is', () => {
    const { container, getByLabelText, getByText } = render(
      <LogView events={[event(1, 'A <b>Side</b> by side\nnothing\nside\n')]} />
    );
    fireEvent.change(getByLabelText('Search the log'), { target: { value: 'SIDE' } });
    expect([...container.querySelectorAll('mark')].map(m => m.textContent)).toEqual(['Side', 'side', 'side']);
    expect(getByText('2 lines')).toBeTruthy();
  });

  it('counts levels, wraps or not, and leaves out the platform’s lines', () => {
    const text = 'START RequestId: 1\nWARNING low\n[ERROR] no\nplain\n';
    const { container, getByText, queryByText } = render(<LogView events={[event(1, text)]} />);
    expect([...container.querySelectorAll('.jp-Lambda-segments button')].map(b => b.textContent)).toEqual([
      'All 4',
      'Warn 1',
      'Error 1'
    ]);
    const log = container.querySelector('.jp-Lambda-log');
    expect(log?.classList.contains('jp-mod-noWrap')).toBe(false);
    fireEvent.click(getByText('Wrap'));
    expect(log?.classList.contains('jp-mod-noWrap')).toBe(true);
    fireEvent.click(getByText('Platform'));
    expect(queryByText('START RequestId: 1')).toBeNull();
    expect(queryByText('plain')).not.toBeNull();
  });

  it('shows all of a line that is cut, on a click, as safely', () => {
    const long = `${'x'.repeat(5_000)}\u001b[31m\u0007 <b>end</b>`;
    const { container, getByText } = render(<LogView events={[event(1, `${long}\n`)]} />);
    const text = (): string => container.querySelector('.jp-Lambda-logText')?.textContent ?? '';
    expect(text()).toContain('921 more characters');
    fireEvent.click(getByText('Show all'));
    expect(text()).toBe(`${'x'.repeat(5_000)}␇ <b>end</b> Show less`);
    fireEvent.click(getByText('Show less'));
    expect(text()).not.toContain('end');
  });

  it('says how many lines came while the reader looked at others', () => {
    const { getByText, rerender } = render(<LogView events={[event(1, 'a\n')]} />);
    fireEvent.click(getByText('Follow'));
    rerender(<LogView events={[event(1, 'a\n'), event(2, 'b\nc\n')]} />);
    fireEvent.click(getByText('2 new lines'));
    expect(getByText('Follow').getAttribute('aria-pressed')).toBe('true');
  });
});

describe('an invocation', () => {
  it('that failed shows the cell’s own lines, and leads to the cell', () => {
    const detailed = functionDetail();
    detailed.function.latest.source = 'def handler(event, context):\n    text = event["text"]\n    return text\n';
    const { model } = live({ functions: [detailed] });
    const opened: unknown[] = [];
    const log = 'Traceback (most recent call last):\n  File "/var/task/cell.py", line 3, in handler\n    text = event["text"]\n';
    const { container, getByText } = render(
      <Deeds.Provider value={{ ...NO_DEEDS, openCell: (...args) => opened.push(args) }}>
        <Selected
          detail={new DetailModel(model, 'f')}
          record={record({ status: 'failed', error_type: 'KeyError', error_message: "'text'" })}
          log={log}
        />
      </Deeds.Provider>
    );
    expect(container.querySelector('.jp-Lambda-cellLines .jp-mod-failing')?.textContent).toContain('text = event["text"]');
    fireEvent.click(getByText('Open cell'));
    expect(opened).toEqual([['f', 3]]);
  });

  it('that was cold shows each import below init', () => {
    const { model } = live();
    const { container } = render(
      <Selected
        detail={new DetailModel(model, 'f')}
        record={record({
          cold: true,
          init_ms: 100,
          queued_ms: 100,
          init_times: { whole_ms: 90, imports: [{ module: '<b>pandas</b>', at_ms: 1, ms: 50 }] }
        })}
        log=""
      />
    );
    const row = container.querySelector('[data-step=import]');
    expect([row?.querySelector('th')?.textContent, row?.querySelector('td:last-child')?.textContent]).toEqual([
      '<b>pandas</b>',
      '50.0 ms'
    ]);
  });
});

describe('the engine view', () => {
  const props = { stop: () => undefined, restart: () => undefined };

  it('shows what it holds, what enforces limits, its warnings, and asks for facts once', async () => {
    const { api, model, wires } = live({ status: STATUS, environments: [environment({ state: 'busy' })] });
    wires.socket.say(
      changes(1, { machine: { at: NOW, cpu_share: 0.25, cpus: 2, memory_used_mib: 900, memory_mib: 4000 } })
    );
    const { container, findByText } = render(<EngineView model={model} {...props} />);
    await findByText('Docker doesn’t answer.');
    const text = container.textContent ?? '';
    for (const said of ['The home is on NFS.', '25 %', 'of a budget of 3,000 MB', 'not held on this machine', 'default 1800']) {
      expect(text).toContain(said);
    }
    wires.socket.say(changes(2, { status: { ...STATUS, running: 1 } }));
    expect(api.asked.filter(asked => asked === 'doctor').length).toBe(1);
  });

  it('offers nothing that an engine which is down could do', () => {
    const { model, wires } = live({ status: STATUS });
    wires.socket.say(DOWN);
    const { getByText } = render(<EngineView model={model} {...props} />);
    expect((getByText('Stop') as HTMLButtonElement).disabled).toBe(true);
    expect(getByText('Start engine')).toBeTruthy();
  });

  it('of another protocol says so, and the way out', () => {
    const { model } = live({ status: STATUS }, { protocol: 4, version: '9.0' });
    const restarts: number[] = [];
    const { getByText } = render(<PresenceNote model={model} restart={() => restarts.push(1)} />);
    expect(getByText('The engine is 9.0, and this page is of another version.')).toBeTruthy();
    fireEvent.click(getByText('Restart engine'));
    expect(restarts).toEqual([1]);
  });
});

describe('redraws', () => {
  it('follow the reader’s setting: many changes within it are one, and the last is seen', () => {
    jest.useFakeTimers();
    const { model, wires } = live({ status: STATUS });
    model.refreshMs = 500;
    let drawn = 0;
    let seen = 0;
    const View = (): null => {
      useModel(model);
      drawn += 1;
      seen = model.status?.running ?? 0;
      return null;
    };
    render(<View />);
    act(() => void jest.advanceTimersByTime(600));
    drawn = 0;
    for (let i = 1; i <= 20; i++) {
      wires.socket.say(changes(i, { status: { ...STATUS, running: i } }));
      act(() => void jest.advanceTimersByTime(20));
    }
    act(() => void jest.advanceTimersByTime(600));
    jest.useRealTimers();
    expect([drawn, seen]).toEqual([2, 20]);
  });
});
