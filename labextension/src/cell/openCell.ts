/**
 * The command that jumps to the cell a function was deployed from, and to a line in it.
 */
import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { Cell } from '@jupyterlab/cells';
import { PageConfig, PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands';
import { cellText, isSameSource } from '../services/cellText';
import { ILambdaEngine, PACKAGE } from '../tokens';

export const openCellPlugin: JupyterFrontEndPlugin<void> = {
  id: `${PACKAGE}:open-cell`,
  description: 'Jumps from a function to its cell.',
  autoStart: true,
  requires: [ILambdaEngine, INotebookTracker],
  optional: [ITranslator, IDocumentManager],
  activate: (
    app: JupyterFrontEnd,
    model: ILambdaEngine,
    notebooks: INotebookTracker,
    translator: ITranslator | null,
    documents: IDocumentManager | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_lambda');
    app.commands.addCommand(CommandIDs.openCell, {
      label: args =>
        trans.__('Open Cell of Lambda Function %1', String(args['name'])),
      describedBy: {
        args: {
          type: 'object',
          properties: { name: { type: 'string' }, line: { type: 'number' } },
          required: ['name']
        }
      },
      execute: async args => {
        const name = String(args['name']);
        const line = Number(args['line'] ?? 1);
        const latest = model.find(name)?.detail.function;
        const source = latest?.latest.source ?? '';
        let found = findCell(openNotebooks(notebooks), name, source);
        const path = latest?.notebook ? contentsPath(latest.notebook) : null;
        if (!found && path && documents) {
          const opened = documents.openOrReveal(path);
          if (opened instanceof NotebookPanel) {
            await opened.revealed;
            await opened.context.ready;
            found = findCell([opened], name, source);
          }
        }
        if (!found) {
          const where = latest?.notebook ?? trans.__('a notebook');
          Notification.info(
            trans.__('The cell of «%1» is in no open notebook. It was deployed from %2.', name, where)
          );
          return;
        }
        app.shell.activateById(found.panel.id);
        await reveal(found.panel, found.cell, line);
      }
    });
  }
};

/** Open notebooks, the one that is looked at first. */
function openNotebooks(notebooks: INotebookTracker): NotebookPanel[] {
  const all: NotebookPanel[] = [];
  notebooks.forEach(panel => all.push(panel));
  const current = notebooks.currentWidget;
  return current ? [current, ...all.filter(p => p !== current)] : all;
}

/** The cell with a function's name: the one that it was deployed from, else the last one. */
function findCell(
  panels: NotebookPanel[],
  name: string,
  source: string
): { panel: NotebookPanel; cell: Cell } | null {
  let last: { panel: NotebookPanel; cell: Cell } | null = null;
  for (const panel of panels) {
    for (const cell of panel.content.widgets) {
      const text = cellText(cell.model.sharedModel.getSource());
      if (cell.model.type === 'code' && text?.name === name) {
        if (isSameSource(text.body, source)) {
          return { panel, cell };
        }
        last = { panel, cell };
      }
    }
    if (last) {
      return last;
    }
  }
  return last;
}

/** Where the server has a file of this machine, null where it is none of its. */
function contentsPath(file: string): string | null {
  const root = PageConfig.getOption('serverRoot');
  if (!root || !file.endsWith('.ipynb')) {
    return null;
  }
  // The server writes its own home as `~`.
  const tail = root.startsWith('~') ? root.slice(1) : root;
  const at = file.indexOf(`${tail}/`);
  const isBelow = root.startsWith('~') ? at > 0 : at === 0;
  return isBelow ? PathExt.normalize(file.slice(at + tail.length + 1)) : null;
}

/** Show a line (the first is 1), marked and with the cursor on it. */
async function reveal(
  panel: NotebookPanel,
  cell: Cell,
  line: number
): Promise<void> {
  const notebook = panel.content;
  notebook.activeCellIndex = notebook.widgets.indexOf(cell);
  await notebook.scrollToCell(cell);
  await cell.ready;
  const editor = cell.editor;
  if (!editor) {
    return;
  }
  const number = Math.min(Math.max(0, line - 1), editor.lineCount - 1);
  const range = {
    start: { line: number, column: 0 },
    end: { line: number, column: editor.getLine(number)?.length ?? 0 }
  };
  notebook.mode = 'edit';
  editor.focus();
  editor.setSelection(range);
  editor.revealSelection(range);
}
