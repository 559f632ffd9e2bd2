/** @jest-environment jsdom */
import './page';

import { act, cleanup, render } from '@testing-library/react';
import React from 'react';

import { Badge } from '../src/cell/badge';
import { cellText } from '../src/services/cellText';
import { DOWN, FakeApi, Wires, changes, engine, functionDetail, record, snapshot, up } from './fakes';

const BODY = 'def handler(event, context):\n    return 1\n';

function cell(text: string): NonNullable<ReturnType<typeof cellText>> {
  return cellText(text) ?? { name: '', line: '', body: '' };
}

function drawn(text = `%%lambda f\n${BODY}`, api = new FakeApi()): { wires: Wires; said: () => string } {
  const wires = new Wires();
  const model = engine(wires, api);
  wires.stream.start();
  wires.socket.say(up());
  const made = functionDetail();
  made.function.latest.source = BODY;
  made.versions = [{ ...made.function.latest, version: '3' }];
  wires.socket.say(snapshot(1, { functions: [made] }));
  const { container } = render(
    <Badge model={model} cell={cell(text)} isExecuting={false} lineSum={null} open={() => undefined} />
  );
  return { wires, said: () => container.querySelector('button')?.getAttribute('aria-label') ?? '' };
}

afterEach(cleanup);

describe('the badge of a cell', () => {
  it('says what is deployed, and whether the cell says the same', () => {
    expect(drawn().said()).toBe('f: v3 deployed');
    expect(drawn(`%%lambda f\n\n${BODY}  \n`).said()).toBe('f: v3 deployed');
    expect(drawn(`%%lambda f\n${BODY}# more\n`).said()).toBe('f: v3 cell differs');
    expect(drawn('%%lambda other\npass').said()).toBe('other: not deployed yet');
  });

  it('follows the stream', async () => {
    jest.useFakeTimers();
    const { wires, said } = drawn();
    const hear = (members: object): void => {
      act(() => {
        wires.socket.say(changes(2, members));
        jest.advanceTimersByTime(500);
      });
    };
    const running = { request_id: 'r', function_name: 'f', version: '3', arrived: 1, qualifier: null, waiting: false };
    hear({ running: [running, { ...running, request_id: 's' }] });
    expect(said()).toBe('f: v3 2 running');
    hear({ running: [], changes: [{ number: 3, kind: 'invocation', body: record({ status: 'failed' }) }] });
    expect(said()).toBe('f: v3 failed');
    act(() => {
      wires.socket.say(DOWN);
      jest.advanceTimersByTime(500);
    });
    expect(said()).toBe('f: v3 engine not running');
    jest.useRealTimers();
  });

  it('names the line of a failure, once that is known', async () => {
    jest.useFakeTimers();
    const api = new FakeApi();
    const failed = record({ status: 'failed' });
    api.invocation = async () => ({ record: failed, log: '  File "/var/task/f.py", line 3, in handler\n    return 1\n' });
    const { wires, said } = drawn(undefined, api);
    act(() => {
      wires.socket.say(changes(2, { changes: [{ number: 2, kind: 'invocation', body: failed }] }));
      jest.advanceTimersByTime(200);
    });
    expect(said()).toBe('f: v3 failed');
    await act(() => jest.advanceTimersByTimeAsync(500));
    expect(said()).toBe('f: v3 failed at line 3');
    jest.useRealTimers();
  });
});
