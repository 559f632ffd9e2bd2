import { EngineError } from '../src/api/engineApi';
import { IInvokeAnswer } from '../src/api/wire';
import { TestRuns } from '../src/services/testRuns';
import { record } from './fakes';

const BIG = { name: 'big', event: '{"n": 1}' };
const SMALL = { name: 'small', event: '{"n": 2}' };

function answering(answers: (string | Error)[]): { runs: TestRuns; asked: string[] } {
  const asked: string[] = [];
  const runs = new TestRuns(
    {
      invoke: async (name, event, qualifier, requestId): Promise<IInvokeAnswer> => {
        asked.push(`${name} ${event} ${qualifier} ${requestId}`);
        const answer = answers.shift();
        if (answer instanceof Error) {
          throw answer;
        }
        return { record: record(), payload: answer ?? '', log: '' };
      }
    },
    'f'
  );
  return { runs, asked };
}

describe('TestRuns', () => {
  it('runs events in order, and keeps the run before', async () => {
    const { runs, asked } = answering(['1', '2', '3']);
    let id = 0;
    await runs.run([BIG, SMALL], () => `id-${++id}`);
    await runs.run([BIG], () => `id-${++id}`);
    expect(asked).toEqual(['f {"n": 1} $LATEST id-1', 'f {"n": 2} $LATEST id-2', 'f {"n": 1} $LATEST id-3']);
    expect([runs.of(BIG).before?.payload, runs.of(BIG).last?.payload]).toEqual(['1', '3']);
    expect(runs.of(SMALL).before).toBeNull();
  });

  it('goes on after one that was refused, and says why', async () => {
    const { runs } = answering([new EngineError('Throttled', 'no room', ''), '2']);
    await runs.run([BIG, SMALL], () => 'id');
    expect([runs.of(BIG).fault?.message, runs.of(BIG).isRunning, runs.of(SMALL).last?.payload]).toEqual(['no room', false, '2']);
  });
});
