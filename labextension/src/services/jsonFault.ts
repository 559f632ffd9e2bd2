/**
 * Why a text is no JSON, and in which line.
 */

export interface IJsonFault {
  /** The first is 1; null where the browser does not say. */
  line: number | null;
  message: string;
}

/** Null for JSON. */
export function jsonFault(text: string): IJsonFault | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const { message } = error as SyntaxError;
    return { line: lineOf(message, text), message: message.replace(/ (in JSON )?at (position|line) .*$/, '') };
  }
}

/** Chromium and Node say a position, Firefox line and column, all of them nothing where the text just ends. */
function lineOf(message: string, text: string): number | null {
  const line = /line (\d+)/.exec(message);
  if (line) {
    return Number(line[1]);
  }
  const position = /position (\d+)/.exec(message);
  if (position) {
    return text.slice(0, Number(position[1])).split('\n').length;
  }
  return /end of (JSON )?(input|data)/i.test(message) ? text.split('\n').length : null;
}
