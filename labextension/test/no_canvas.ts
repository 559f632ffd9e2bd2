/** Stands where uPlot is imported: jsdom has no canvas. It keeps what it was told to draw. */
type Options = {
  axes: { values: (plot: unknown, splits: number[]) => string[]; splits: (plot: unknown) => number[] }[];
  hooks: { setCursor: ((plot: unknown) => void)[] };
};

export default class FakePlot {
  static made: FakePlot[] = [];
  static paths = {};

  cursor: { idx: number | null; left: number } = { idx: null, left: -10 };
  width = 0;
  height = 0;
  isDestroyed = false;

  constructor(
    readonly options: Options,
    public data: unknown
  ) {
    FakePlot.made.push(this);
  }

  setData(data: unknown): void {
    this.data = data;
  }
  setSize(): void {}
  destroy(): void {
    this.isDestroyed = true;
  }
  valToPos(value: number): number {
    return value + 1000;
  }
  /** Positions are rows here. */
  setCursor({ left }: { left: number }): void {
    const x = (this.data as number[][])[0];
    const row = x.findIndex(value => value + 1000 === left);
    this.cursor = { idx: row < 0 ? null : row, left: row < 0 ? -10 : left };
    this.options.hooks.setCursor.forEach(hook => hook(this));
  }
}
