import { cellText, isSameSource } from '../src/services/cellText';
import { cellFrames, linesAround } from '../src/services/errorLines';

const SOURCE = 'import math\n\ndef handler(event, context):\n    return inner(event)\n\ndef inner(event):\n    return 1 / event["n"]\n';
const LOG = `START RequestId: 1 Version: 1
[ERROR] ZeroDivisionError: division by zero
Traceback (most recent call last):
\u00a0\u00a0File "/var/task/resize.py", line 5, in handler
\u00a0\u00a0\u00a0\u00a0return inner(event)
\u00a0\u00a0File "/var/task/resize.py", line 8, in inner
\u00a0\u00a0\u00a0\u00a0return 1 / event["n"]
\u00a0\u00a0File "/usr/lib/python3/other.py", line 5, in thing
\u00a0\u00a0\u00a0\u00a0raise ZeroDivisionError
END RequestId: 1`;

describe('a cell', () => {
  it('names its function on the first line', () => {
    const cell = cellText('%%lambda  resize --memory   256\ndef handler(e, c): pass\n');
    expect(cell).toEqual({
      name: 'resize',
      line: '%%lambda resize --memory 256',
      body: 'def handler(e, c): pass\n'
    });
    expect(cellText('%%lambda one')?.body).toBe('');
  });

  it('that says something else is none', () => {
    expect(cellText('# %%lambda f\n1')).toBeNull();
    expect(cellText('%%lambda --memory 256 f\n1')).toBeNull();
    expect(cellText('%%lambdas f\n1')).toBeNull();
    expect(cellText('')).toBeNull();
  });

  it('is the same with other ends of lines, and not with other words', () => {
    expect(isSameSource('a\nb\n', '\na  \r\nb')).toBe(true);
    expect(isSameSource('a\nb', 'a\n\nb')).toBe(false);
    expect(isSameSource('a', ' a')).toBe(false);
  });
});

describe('a traceback', () => {
  it('names the cell’s lines, and only those', () => {
    expect(cellFrames(LOG, SOURCE)).toEqual([
      { line: 5, inFunction: 'handler' },
      { line: 8, inFunction: 'inner' }
    ]);
  });

  it('of another source points nowhere', () => {
    expect(cellFrames(LOG, `# new\n${SOURCE}`)).toEqual([]);
    expect(cellFrames('', SOURCE)).toEqual([]);
  });

  it('is shown with the lines around', () => {
    const lines = linesAround(SOURCE, 8);
    expect(lines.map(l => l.line)).toEqual([6, 7, 8]);
    expect(lines.find(l => l.isFailing)?.text).toBe('    return 1 / event["n"]');
    expect(linesAround(SOURCE, 2).map(l => l.line)).toEqual([2, 3, 4]);
  });
});
