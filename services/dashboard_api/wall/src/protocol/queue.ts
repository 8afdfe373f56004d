/**
 * Holds what arrived between two paints. The newest value of a key wins, so the queue is never
 * longer than there are keys, also while a hidden page paints nothing for hours.
 */
export class FrameQueue<T> {
  #waiting = new Map<string, T>();
  #scheduled = false;

  constructor(
    private readonly schedule: (run: () => void) => void,
    private readonly apply: (batch: ReadonlyMap<string, T>) => void,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  push(key: string, value: T): void {
    this.#waiting.set(key, value);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.schedule(() => {
      this.#flush();
    });
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#waiting;
    this.#waiting = new Map();
    this.apply(batch);
  }
}
