/**
 * Log text as lines that are safe and cheap to show: no control characters, no endless lines, levels recognised.
 */

export type Level = 'system' | 'error' | 'warning' | 'plain';

export interface ILine {
  text: string;
  level: Level;
  /** Characters that are not shown. */
  cut: number;
  /** The line as it came, for `wholeText`. */
  raw: string;
}

/** Longer lines are cut; a view offers the rest. */
export const LINE_CHARACTERS = 4096;

// Colours and cursor moves (ECMA-48 control sequences) and operating system commands.
// eslint-disable-next-line no-control-regex
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const SYSTEM = /^(?:START RequestId:|END RequestId:|REPORT RequestId:|INIT_START |INIT_REPORT )/;
const ERROR = /(?:^|\s|\[)(?:ERROR|CRITICAL|Traceback)\b/;
const WARNING = /(?:^|\s|\[)WARN(?:ING)?\b/;

export function logLines(text: string): ILine[] {
  const lines = text.split(/\r?\n/);
  if (lines[lines.length - 1] === '') {
    lines.pop();
  }
  return lines.map(line);
}

function line(raw: string): ILine {
  // Cut first: a line of a megabyte is not searched through.
  const cut = Math.max(0, raw.length - LINE_CHARACTERS);
  const text = safe(raw.slice(0, LINE_CHARACTERS));
  return { text, level: levelOf(text), cut, raw };
}

/** A line's text without a cut, as safe as what is shown of it. */
export function wholeText(of: ILine): string {
  return of.cut > 0 ? safe(of.raw) : of.text;
}

function safe(text: string): string {
  return text.replace(SEQUENCES, '').replace(CONTROLS, symbol);
}

/** A picture of a control character; what turns text around is only marked. */
function symbol(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) {
    return String.fromCharCode(0x2400 + code);
  }
  return code === 0x7f ? '\u2421' : '\ufffd';
}

function levelOf(text: string): Level {
  const start = text.slice(0, 200);
  if (SYSTEM.test(start)) {
    return 'system';
  }
  return ERROR.test(start) ? 'error' : WARNING.test(start) ? 'warning' : 'plain';
}
