import {
  DOWN,
  NOW,
  Wires,
  changes,
  engine,
  environment,
  functionDetail,
  record,
  snapshot,
  up
} from './fakes';

function live(): { wires: Wires; model: ReturnType<typeof engine> } {
  const wires = new Wires();
  const model = engine(wires);
  wires.stream.start();
  wires.socket.say(up());
  return { wires, model };
}

function ended(number: number, members: object = {}): object {
  return {
    number,
    kind: 'invocation',
    body: record({ request_id: `r-${number}`, ...members })
  };
}

function total(model: ReturnType<typeof engine>, what: 'invocations' | 'errors' | 'throttles'): number {
  const seconds = model.find('f')!.history.seconds(NOW, 60);
  return seconds.reduce((sum, s) => sum + s[what], 0);
}

describe('EngineModel', () => {
  it('shows what a snapshot says', () => {
    const { wires, model } = live();
    wires.socket.say(
      snapshot(3, {
        invocations: [record()],
        environments: [environment()]
      })
    );
    const state = model.find('f')!;
    expect(model.presence).toBe('live');
    expect(state.records.length).toBe(1);
    expect(state.condition).toBe('ready');
    expect(total(model, 'invocations')).toBe(1);
  });

  it('counts from the counts, not from the records that are left', () => {
    const { wires, model } = live();
    wires.socket.say(snapshot(0));
    wires.socket.say(
      changes(500, {
        changes: [ended(499), ended(500)],
        counts: [
          {
            function_name: 'f',
            invocations: 480,
            errors: 4,
            throttles: 20,
            cold_starts: 1
          }
        ]
      })
    );
    expect(total(model, 'invocations')).toBe(480);
    expect(total(model, 'errors')).toBe(4);
    expect(total(model, 'throttles')).toBe(20);
    expect(model.find('f')!.leftOut).toBe(498);
  });

  it('counts nothing twice after a new snapshot', () => {
    const { wires, model } = live();
    wires.socket.say(snapshot(1, { invocations: [record()] }));
    wires.socket.say(snapshot(2, { invocations: [record()] }));
    expect(total(model, 'invocations')).toBe(1);
    expect(model.find('f')!.records.length).toBe(1);
  });

  it('keeps what is known, and nothing as running, when the engine goes', () => {
    const { wires, model } = live();
    wires.socket.say(snapshot(1, { environments: [environment()] }));
    wires.socket.say(
      changes(1, {
        running: [{ request_id: 'r-1', function_name: 'f', arrived: NOW }]
      })
    );
    expect(model.find('f')!.condition).toBe('running');
    wires.socket.say(DOWN);
    expect(model.presence).toBe('engine-down');
    expect(model.functions.size).toBe(1);
    expect(model.find('f')!.condition).toBe('at-rest');
  });

  it('reconnects, is live again, and says how long it waits', () => {
    const { wires, model } = live();
    wires.socket.say(snapshot(1));
    wires.socket.close();
    expect(model.presence).toBe('reconnecting');
    expect(model.retryMs).toBe(250);
    wires.wake();
    wires.socket.say(up('e-1', {}, true));
    expect(model.presence).toBe('live');
  });

  it('follows functions as they come, change and go', () => {
    const { wires, model } = live();
    wires.socket.say(snapshot(1));
    wires.socket.say(
      changes(3, {
        changes: [
          { number: 2, kind: 'function', body: functionDetail('f', 512) },
          { number: 3, kind: 'function', body: functionDetail('<b>"g"</b>') }
        ]
      })
    );
    expect([...model.functions.keys()]).toEqual(['f', '<b>"g"</b>']);
    expect(
      model.find('f')!.detail.function.latest.configuration.memory_mib
    ).toBe(512);
    wires.socket.say(
      changes(4, {
        changes: [{ number: 4, kind: 'function-deleted', body: 'f' }]
      })
    );
    expect(model.find('f')).toBeNull();
  });

  it('tells environments that are older than the setting', () => {
    const { wires, model } = live();
    wires.socket.say(
      snapshot(1, {
        functions: [functionDetail('f', 512)],
        environments: [
          environment(),
          environment({ environment_id: 'env-2', memory_mib: 512 })
        ]
      })
    );
    expect(model.find('f')!.older.map(e => e.environment_id)).toEqual([
      'env-1'
    ]);
  });

  it('says when the engine is too far from this page', () => {
    const { wires, model } = live();
    expect(model.isForeign).toBe(false);
    wires.socket.say(up('e-2', { protocol: 3 }));
    expect(model.isForeign).toBe(true);
  });

  it('says that it changed, once a message, and never after its end', () => {
    const { wires, model } = live();
    let said = 0;
    model.changed.connect(() => void (said += 1));
    wires.socket.say(snapshot(1));
    expect(said).toBe(1);
    model.dispose();
    model.dispose();
    wires.socket.say(snapshot(2));
    expect(said).toBe(1);
  });
});
