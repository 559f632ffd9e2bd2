/**
 * Every command this extension adds, with what it does.
 */
export namespace CommandIDs {
  /** Show the Lambda panel in the sidebar. */
  export const showPanel = 'jupyter-lambda:show-panel';
}
