/** Stands where JupyterLab's own modules are imported: what components and services need of them to be tested. */
export const URLExt = {};
export const ServerConnection = {};
export class ReactWidget {}
export class LabIcon {}

const said = (text: string, ...args: unknown[]): string =>
  text.replace(/%(\d)/g, (_, n: string) => String(args[Number(n) - 1]));

export const nullTranslator = {
  load: () => ({
    __: said,
    _n: (one: string, many: string, n: number, ...args: unknown[]) =>
      said(n === 1 ? one : many, n, ...args)
  })
};
