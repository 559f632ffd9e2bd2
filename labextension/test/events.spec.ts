import { OpenCards } from '../src/cell/openCards';
import { DetailModel } from '../src/services/detailModel';
import { EVENT_TEMPLATES, templateText } from '../src/services/eventTemplates';
import { jsonFault } from '../src/services/jsonFault';
import { FakeApi, Wires, changes, engine, record, snapshot, up } from './fakes';

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));

describe('an event', () => {
  it('that is no JSON names its line', () => {
    expect(jsonFault('{"a": 1}')).toBeNull();
    expect(jsonFault('{\n  "a": 1,\n  oops\n}')?.line).toBe(3);
    expect(jsonFault('{\n"a": 1')?.line).toBe(2);
    expect(jsonFault('')?.line).toBe(1);
  });

  it.each(EVENT_TEMPLATES.map(t => [t.id, t] as const))('begins from %s', (_, template) => {
    expect(jsonFault(templateText(template))).toBeNull();
  });

  it('has a template for every trigger', () => {
    expect(EVENT_TEMPLATES.map(t => t.id).sort()).toEqual([
      'api-gateway-v2',
      'cloudwatch-logs',
      'dynamodb',
      'eventbridge',
      'function-url',
      'kinesis',
      's3-put',
      'scheduled',
      'sns',
      'sqs'
    ]);
  });
});

describe('saved test events', () => {
  it('are asked for when needed, and again when they changed', async () => {
    const wires = new Wires();
    const api = new FakeApi();
    const model = engine(wires, api);
    wires.stream.start();
    wires.socket.say(up());
    wires.socket.say(snapshot(1));
    const detail = new DetailModel(model, 'f', async () => undefined);
    api.saved = [{ name: 'big', event: '{"side": 1}' }];

    detail.need('test-events', true);
    await settled();
    expect(detail.testEvents).toEqual(api.saved);
    wires.socket.say(changes(2, { changes: [{ number: 2, kind: 'invocation', body: record() }] }));
    await settled();
    expect(api.asked.filter(a => a.startsWith('test-events'))).toHaveLength(1);

    api.saved = [];
    wires.socket.say(changes(3, { changes: [{ number: 3, kind: 'test-events', body: 'other' }] }));
    wires.socket.say(changes(4, { changes: [{ number: 4, kind: 'test-events', body: 'f' }] }));
    await settled();
    expect(detail.testEvents).toEqual([]);
    expect(api.asked.filter(a => a.startsWith('test-events'))).toHaveLength(2);
  });
});

describe('the last failure', () => {
  it('is asked for once, and forgotten when a call succeeds', async () => {
    const wires = new Wires();
    const model = engine(wires);
    wires.stream.start();
    wires.socket.say(up());
    wires.socket.say(snapshot(1));
    const detail = new DetailModel(model, 'f', async () => undefined);
    const ended = (number: number, members: object): void =>
      wires.socket.say(
        changes(number, { changes: [{ number, kind: 'invocation', body: record(members) }] })
      );

    detail.need('failure', true);
    ended(2, { request_id: 'a', status: 'failed' });
    await settled();
    expect(detail.failure?.record.request_id).toBe('a');
    expect(detail.failure?.log).toBe('a log');
    ended(3, { request_id: 'b' });
    await settled();
    expect(detail.failure).toBeNull();
  });
});

describe('open cards', () => {
  it('are open again on the next page', async () => {
    let kept: readonly string[] = ['a', 'b'];
    const atRest = {
      load: async () => kept,
      save: (names: readonly string[]) => {
        kept = names;
      }
    };
    const cards = new OpenCards(atRest);
    cards.set('b', false); // before what was kept is known
    await settled();
    expect([cards.has('a'), cards.has('b')]).toEqual([true, false]);
    cards.set('c', true);
    expect(kept).toEqual(['a', 'c']);
  });
});
