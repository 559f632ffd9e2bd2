/**
 * Two sources side by side in CodeMirror's merge view, coloured as JupyterLab's own editors. Loaded when somebody compares.
 */
import { MergeView } from '@codemirror/merge';
import { Extension, EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { IEditorLanguageRegistry, jupyterTheme } from '@jupyterlab/codemirror';

export interface ISide {
  label: string;
  text: string;
}

/** Shows the two in `parent`, read-only; returns what removes them. */
export async function showMerge(
  parent: HTMLElement,
  before: ISide,
  after: ISide,
  languages: IEditorLanguageRegistry | null
): Promise<() => void> {
  const language = await languages?.getLanguage('python');
  const extensions = (label: string): Extension[] => [
    jupyterTheme,
    lineNumbers(),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
    ...(language?.support ? [language.support] : [])
  ];
  const view = new MergeView({
    a: { doc: before.text, extensions: extensions(before.label) },
    b: { doc: after.text, extensions: extensions(after.label) },
    parent,
    gutter: true,
    highlightChanges: true,
    collapseUnchanged: { margin: 3, minSize: 8 }
  });
  return () => view.destroy();
}
