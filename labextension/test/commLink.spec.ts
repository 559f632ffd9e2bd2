import { EngineApi } from '../src/api/engineApi';
import { CommLink, IWidgetModel } from '../src/cell/commLink';

class FakeModel implements IWidgetModel {
  readonly sent: { [member: string]: unknown }[] = [];
  private readonly _listeners = new Set<(content: unknown) => void>();

  get(): unknown {
    return '';
  }
  send(content: object): void {
    this.sent.push(content as { [member: string]: unknown });
  }
  on(_: 'msg:custom', callback: (content: unknown) => void): void {
    this._listeners.add(callback);
  }
  off(_: 'msg:custom', callback: (content: unknown) => void): void {
    this._listeners.delete(callback);
  }
  say(content: object): void {
    this._listeners.forEach(listener => listener(content));
  }
}

describe('a widget’s comm', () => {
  it('carries requests, and gives each its own answer', async () => {
    const model = new FakeModel();
    const api = new EngineApi(new CommLink(model).transport);
    const first = api.testEvents('a');
    const second = api.testEvents('b');
    const [one, two] = model.sent;
    expect([one.method, one.target]).toEqual(['GET', 'functions/a/test-events']);
    model.say({ kind: 'answer', id: two.id, status: 200, text: '[{"name": "two"}]' });
    model.say({ kind: 'answer', id: one.id, status: 404, text: '{"kind": "FunctionNotFound", "where": "function", "what": "gone"}' });
    expect(await second).toEqual([{ name: 'two' }]);
    await expect(first).rejects.toThrow('function: gone');
  });

  it('carries the stream, and keeps those of two views apart', () => {
    const model = new FakeModel();
    const heard: string[] = [];
    const sockets = ['a', 'b'].map(name => {
      const socket = new CommLink(model).streamOptions.connect('?since=4');
      socket.onmessage = event => heard.push(`${name} ${event.data}`);
      socket.onclose = () => heard.push(`${name} closed`);
      return socket;
    });
    const [first, second] = model.sent;
    expect(first).toMatchObject({ kind: 'stream', open: true, query: '?since=4' });
    model.say({ kind: 'stream', id: second.id, event: 'message', text: 'news' });
    model.say({ kind: 'stream', id: first.id, event: 'close' });
    expect(heard).toEqual(['b news', 'a closed']);
    sockets[1].close();
    expect(model.sent[2]).toMatchObject({ kind: 'stream', id: second.id, open: false });
    model.say({ kind: 'stream', id: second.id, event: 'message', text: 'late' });
    expect(heard).toHaveLength(2);
  });
});
