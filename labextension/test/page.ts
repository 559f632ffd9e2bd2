/** What jsdom lacks of a page. */
class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver ??= NoObserver as unknown as typeof ResizeObserver;
// No canvas: what asks for one does without.
HTMLCanvasElement.prototype.getContext = () => null;
