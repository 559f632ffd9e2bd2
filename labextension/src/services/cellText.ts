/**
 * What a `%%lambda` cell says on its first line, and whether its body is what a function was deployed from.
 */

export interface ICellText {
  name: string;
  /** The first line, blanks made one. */
  line: string;
  /** Everything below it: what the engine keeps as a version's source. */
  body: string;
}

const FIRST_LINE = /^\s*%%lambda\s+([^\s-]\S*)(.*)$/;

/** What a cell defines, null for any other cell. */
export function cellText(text: string): ICellText | null {
  const end = text.indexOf('\n');
  const first = end < 0 ? text : text.slice(0, end);
  const found = FIRST_LINE.exec(first);
  return found
    ? {
        name: found[1],
        line: first.trim().replace(/\s+/g, ' '),
        body: end < 0 ? '' : text.slice(end + 1)
      }
    : null;
}

/** Whether two sources are one to the engine: ends of lines and empty lines around them don't count. */
export function isSameSource(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(source: string): string {
  return source
    .replace(/\r\n/g, '\n')
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}
