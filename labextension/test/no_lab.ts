/** Stands where JupyterLab's own modules are imported for their types. */
export const URLExt = {};
export const ServerConnection = {};
