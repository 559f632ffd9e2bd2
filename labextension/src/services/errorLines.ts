/**
 * From a failed invocation's log to the cell's own lines: which line raised, and what stands around it.
 */

export interface ICellFrame {
  /** As the cell counts them: its `%%lambda` line is 1. */
  line: number;
  inFunction: string;
}

export interface ISourceLine {
  line: number;
  text: string;
  isFailing: boolean;
}

const FRAME = /^\s*File "([^"]+)", line (\d+), in (.+)$/;
const AROUND = 3;

/**
 * The frames of a traceback that lie in the cell, outermost first.
 *
 * A frame is the cell's if the text beside it is what the source has at that line: so it does not matter what file the cell
 * became, and a traceback of an older source points nowhere.
 */
export function cellFrames(log: string, source: string): ICellFrame[] {
  const own = source.split(/\r?\n/);
  const lines = log.split(/\r?\n/);
  const frames: ICellFrame[] = [];
  lines.forEach((text, index) => {
    const found = FRAME.exec(text);
    const line = Number(found?.[2]);
    const said = lines[index + 1]?.trim();
    if (found && said && own[line - 2]?.trim() === said) {
      frames.push({ line, inFunction: found[3] });
    }
  });
  return frames;
}

/** Lines of the cell around one of them. */
export function linesAround(source: string, line: number): ISourceLine[] {
  const own = source.trimEnd().split(/\r?\n/);
  const first = Math.max(2, line - AROUND + 1);
  const last = Math.min(own.length + 1, line + AROUND - 1);
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    line: first + i,
    text: own[first + i - 2],
    isFailing: first + i === line
  }));
}
