import { EngineError } from '../src/api/engineApi';
import { DetailModel } from '../src/services/detailModel';
import { FakeApi, NOW, Wires, changes, engine, record, snapshot, up } from './fakes';

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) {
    await Promise.resolve();
  }
}

function open(): { wires: Wires; api: FakeApi; detail: DetailModel } {
  const wires = new Wires();
  const api = new FakeApi();
  const model = engine(wires, api);
  wires.stream.start();
  wires.socket.say(up());
  wires.socket.say(snapshot(0));
  return { wires, api, detail: new DetailModel(model, 'f', async () => undefined) };
}

function end(wires: Wires, number: number, name = 'f'): void {
  const body = record({ request_id: `r-${number}`, function_name: name });
  wires.socket.say(
    changes(number, { changes: [{ number, kind: 'invocation', body }] })
  );
}

describe('DetailModel', () => {
  it('asks for logs after what it has, as invocations end', async () => {
    const { wires, api, detail } = open();
    api.events = [{ sequence: 4, text: 'a' }] as never;
    detail.need('logs', true);
    await settled();
    end(wires, 1);
    await settled();
    expect(api.asked).toEqual(['logs f 0', 'logs f 4']);
    expect(detail.logs.length).toBe(1);
  });

  it('makes one question of many ends, and none of other functions’', async () => {
    const { wires, api, detail } = open();
    detail.need('metrics', true);
    for (let i = 1; i <= 50; i++) {
      end(wires, i);
    }
    await settled();
    expect(api.asked.length).toBe(2);
    end(wires, 51, 'g');
    await settled();
    expect(api.asked.length).toBe(2);
  });

  it('rests between questions while more and more ends', async () => {
    const { wires, api } = open();
    const rests: (() => void)[] = [];
    const model = engine(wires, api);
    const detail = new DetailModel(model, 'f', () => new Promise(resolve => rests.push(resolve)));
    wires.socket.say(snapshot(0));
    detail.need('metrics', true);
    end(wires, 1);
    await settled();
    end(wires, 2);
    await settled();
    expect([api.asked.length, rests.length]).toEqual([1, 1]);
    rests[0]();
    await settled();
    expect(api.asked.length).toBe(2);
  });

  it('asks nothing that nobody looks at', async () => {
    const { wires, api, detail } = open();
    detail.need('logs', true);
    await settled();
    detail.need('logs', false);
    end(wires, 1);
    await settled();
    expect(api.asked.length).toBe(1);
  });

  it('fills the list up where the stream left records out', async () => {
    const { wires, api, detail } = open();
    api.records = [
      record({ request_id: 'old', arrived: NOW - 9 }),
      record({ request_id: 'left-out', arrived: NOW - 1.5 })
    ];
    end(wires, 1);
    detail.need('records', true);
    await settled();
    expect(detail.records.map(r => r.request_id)).toEqual(['r-1', 'left-out', 'old']);
    end(wires, 2);
    await settled();
    expect(api.asked).toEqual(['invocations f']);
  });

  it('keeps the reason of a refusal until the next deed', async () => {
    const { api, detail } = open();
    api.refusal = new EngineError('ValidationError', 'out of range', 'Use 128.');
    expect(await detail.act(() => api.configure('f', { memory_mib: 1 }))).toBe(false);
    expect(detail.lastError?.message).toBe('out of range');
    api.refusal = null;
    expect(await detail.act(() => api.configure('f', { memory_mib: 128 }))).toBe(true);
    expect(detail.lastError).toBeNull();
  });

  it('cancels by the id it sent', async () => {
    const { api, detail } = open();
    let answer: (value: never) => void = () => undefined;
    api.answer = new Promise(resolve => (answer = resolve));
    const invoking = detail.invoke('{}', '$LATEST');
    const { requestId } = detail.waitingFor!;
    await detail.stop();
    answer({ record: record(), payload: '1', log: '' } as never);
    await invoking;
    expect(api.asked).toEqual(['invoke f {} $LATEST', `cancel ${requestId}`]);
    expect(detail.waitingFor).toBeNull();
    expect(detail.answer?.payload).toBe('1');
  });
});
