import { EngineError } from '../src/api/engineApi';
import { EnvironmentLives } from '../src/services/environmentLives';
import { FakeApi, NOW, Wires, changes, engine, environment, snapshot, up } from './fakes';

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}

function watching(prepare: (api: FakeApi) => void = () => undefined): { wires: Wires; api: FakeApi; lives: EnvironmentLives; waits: (() => void)[] } {
  const wires = new Wires();
  const api = new FakeApi();
  prepare(api);
  const model = engine(wires, api);
  wires.stream.start();
  wires.socket.say(up());
  wires.socket.say(snapshot(0));
  const waits: (() => void)[] = [];
  const lives = new EnvironmentLives({
    engine: model,
    name: 'f',
    later: callback => {
      waits.push(callback);
      return () => void waits.splice(waits.indexOf(callback), 1);
    }
  });
  return { wires, api, lives, waits };
}

describe('EnvironmentLives', () => {
  it('asks once when somebody looks, and after environments changed, many changes as one', async () => {
    const { wires, api, waits } = watching();
    await settled();
    expect(api.asked).toEqual(['lives f']);
    wires.socket.say(changes(1, { status: { pid: 1 } }));
    expect(waits.length).toBe(0);
    for (let i = 2; i < 10; i++) {
      wires.socket.say(changes(i, { environments: [environment({ invocations: i })] }));
    }
    expect(waits.length).toBe(1);
    waits.shift()!();
    await settled();
    expect(api.asked.length).toBe(2);
  });

  it('has those that live first, then the latest to end', async () => {
    const { lives } = watching(api => {
      api.living = [
        { environment: environment({ environment_id: 'old', ended: NOW - 9 }), spans: [] },
        { environment: environment({ environment_id: 'late', ended: NOW - 1 }), spans: [] },
        { environment: environment({ environment_id: 'alive' }), spans: [] }
      ];
    });
    await settled();
    expect(lives.lives?.map(l => l.environment.environment_id)).toEqual(['alive', 'late', 'old']);
  });

  it('keeps the reason of a refusal, and asks nothing after its end', async () => {
    const { wires, lives, waits } = watching(api => {
      api.refusal = new EngineError('NotFound', 'no such function', '');
    });
    await settled();
    expect(lives.fault?.message).toBe('no such function');
    lives.dispose();
    lives.dispose();
    wires.socket.say(changes(1, { environments: [environment()] }));
    expect(waits.length).toBe(0);
  });
});
