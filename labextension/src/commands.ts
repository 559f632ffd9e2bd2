/**
 * Every command this extension adds, with what it does.
 */
export namespace CommandIDs {
  /** Show the Lambda panel in the sidebar. */
  export const showPanel = 'jupyter-lambda:show-panel';

  /** Open a function in the main area; arguments: name (asked for without it), tab, kind. */
  export const openFunction = 'jupyter-lambda:open-function';

  /** Jump to a function's cell; arguments: name, line (as the cell counts, its `%%lambda` line is 1). */
  export const openCell = 'jupyter-lambda:open-cell';

  /** Show the engine in the main area. */
  export const openEngine = 'jupyter-lambda:open-engine';

  /** Stop the engine, asking first, and start it anew. */
  export const restartEngine = 'jupyter-lambda:restart-engine';

  /** Start the engine if none runs. */
  export const startEngine = 'jupyter-lambda:start-engine';

  /** Stop the engine, asking first. */
  export const stopEngine = 'jupyter-lambda:stop-engine';
}
