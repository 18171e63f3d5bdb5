// Gathers what comes within a moment and hands it on once, each thing once.

export class Gather<T> {
  private readonly held = new Map<string, T>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ms: number,
    private readonly hand: (items: T[]) => void,
  ) {}

  add(item: T): void {
    this.held.set(JSON.stringify(item), item);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const items = [...this.held.values()];
      this.held.clear();
      this.hand(items);
    }, this.ms);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.held.clear();
  }
}
