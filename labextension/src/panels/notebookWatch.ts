/**
 * The notebook that the reader looks at, and whether its kernel is gone.
 */
import { ILabShell } from '@jupyterlab/application';
import { ISessionContext } from '@jupyterlab/apputils';
import { DocumentWidget } from '@jupyterlab/docregistry';
import { ISignal, Signal } from '@lumino/signaling';

/** A session had a kernel, which ended by itself or was shut down. */
export function isKernelDead(context: ISessionContext | null): boolean {
  return (
    context !== null &&
    !context.isDisposed &&
    context.isReady &&
    (context.hasNoKernel || context.session?.kernel?.status === 'dead')
  );
}

export class NotebookWatch {
  constructor(shell: ILabShell) {
    shell.currentChanged.connect((_, args) => {
      const current = args.newValue;
      if (current instanceof DocumentWidget) {
        this._path = current.context.path;
        this._follow(current.context.sessionContext as ISessionContext | undefined);
        this._changed.emit();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** As the server names it; null before there was one. */
  get path(): string | null {
    return this._path;
  }

  /** It had a kernel, which ended by itself or was shut down. */
  get hasDeadKernel(): boolean {
    return this._context?.path.endsWith('.ipynb') === true && isKernelDead(this._context);
  }

  private _follow(context: ISessionContext | undefined): void {
    this._context?.statusChanged.disconnect(this._onStatus, this);
    this._context?.kernelChanged.disconnect(this._onStatus, this);
    this._context = context ?? null;
    this._context?.statusChanged.connect(this._onStatus, this);
    this._context?.kernelChanged.connect(this._onStatus, this);
  }

  private _onStatus(): void {
    const isDead = this.hasDeadKernel;
    if (isDead !== this._wasDead) {
      this._wasDead = isDead;
      this._changed.emit();
    }
  }

  private _path: string | null = null;
  private _context: ISessionContext | null = null;
  private _wasDead = false;
  private readonly _changed = new Signal<this, void>(this);
}
