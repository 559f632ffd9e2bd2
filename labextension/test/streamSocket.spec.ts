import { Message } from '../src/api/wire';
import { DOWN, Wires, changes, snapshot, up } from './fakes';

function listening(): { wires: Wires; heard: Message[] } {
  const wires = new Wires();
  const heard: Message[] = [];
  wires.stream.message.connect((_, message) => void heard.push(message));
  wires.stream.start();
  return { wires, heard };
}

describe('LiveStream', () => {
  it('goes on from the last number of the same engine', () => {
    const { wires } = listening();
    wires.socket.say(up('e-1'));
    wires.socket.say(snapshot(7));
    wires.socket.say(changes(9));
    wires.socket.close();
    wires.wake();
    expect(wires.socket.query).toBe('?since=9&engine=e-1');
  });

  it('asks for everything when the engine is another one or gone', () => {
    const { wires } = listening();
    wires.socket.say(up('e-1'));
    wires.socket.say(snapshot(7));
    wires.socket.say(DOWN);
    wires.socket.close();
    wires.wake();
    expect(wires.socket.query).toBe('');
  });

  it('keeps its place when it was resumed and cut before anything changed', () => {
    const { wires } = listening();
    wires.socket.say(up('e-1'));
    wires.socket.say(snapshot(7));
    wires.socket.close();
    wires.wake();
    wires.socket.say(up('e-1', {}, true));
    wires.socket.close();
    wires.wake();
    expect(wires.socket.query).toBe('?since=7&engine=e-1');
  });

  it('waits longer each time, up to a bound, and short again after a message', () => {
    const { wires } = listening();
    for (let i = 0; i < 9; i++) {
      wires.socket.close();
      wires.wake();
    }
    expect(wires.waits.map(w => w.ms)).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000
    ]);
    wires.socket.say(up());
    wires.socket.close();
    expect(wires.waits[9].ms).toBe(250);
  });

  it('tries at once when asked', () => {
    const { wires } = listening();
    wires.socket.close();
    wires.stream.retryNow();
    expect(wires.sockets.length).toBe(2);
    expect(wires.waits[0].off).toBe(true);
  });

  it('passes by what is no message of ours', () => {
    const { wires, heard } = listening();
    for (const text of ['<html>', '7', 'null', '{"type": "news"}', '{}']) {
      wires.socket.say(text);
    }
    expect(heard).toEqual([]);
  });

  it('asks for another window on a new socket, from where it was', () => {
    const { wires, heard } = listening();
    wires.socket.say(up('e-1'));
    wires.socket.say(snapshot(7));
    const before = wires.socket;
    wires.stream.windowMs = 250;
    expect(before.isClosed).toBe(true);
    expect(wires.socket.query).toBe('?since=7&engine=e-1&window_ms=250');
    expect(wires.waits).toEqual([]);
    wires.stream.windowMs = 250;
    expect(wires.sockets.length).toBe(2);
    before.say(changes(8));
    expect(heard.length).toBe(2);
  });

  it('ends once, and does not connect again', () => {
    const { wires } = listening();
    wires.stream.dispose();
    wires.stream.dispose();
    expect(wires.socket.isClosed).toBe(true);
    expect(wires.waits).toEqual([]);
  });
});
