/**
 * Every command this extension adds, with what it does.
 */
export namespace CommandIDs {
  /** Show the Lambda panel in the sidebar. */
  export const showPanel = 'jupyter-lambda:show-panel';

  /** Open a function in the main area; arguments: name, tab. */
  export const openFunction = 'jupyter-lambda:open-function';

  /** Start the engine if none runs. */
  export const startEngine = 'jupyter-lambda:start-engine';

  /** Stop the engine, asking first. */
  export const stopEngine = 'jupyter-lambda:stop-engine';
}
