/**
 * A call written out, to be pasted: as Python for a notebook, as a command for a shell.
 */

/** `jl.function("f")({…})` with its import; an event that is no JSON stands there as `None`. */
export function callAsPython(name: string, event: string): string {
  return `import jupyter_lambda as jl\n\njl.function(${JSON.stringify(name)})(${pythonOf(parsed(event))})`;
}

/** `jupyter lambda invoke f --event '…'`, quoted for a POSIX shell. */
export function callAsCommand(name: string, event: string): string {
  const value = parsed(event);
  return `jupyter lambda invoke ${shellWord(name)} --event ${shellWord(JSON.stringify(value))}`;
}

function parsed(event: string): unknown {
  try {
    return JSON.parse(event);
  } catch {
    return null;
  }
}

function pythonOf(value: unknown): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(pythonOf).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const members = Object.entries(value as object).map(([k, v]) => `${JSON.stringify(k)}: ${pythonOf(v)}`);
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value); // Python reads JSON's numbers and escapes as they are
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}
