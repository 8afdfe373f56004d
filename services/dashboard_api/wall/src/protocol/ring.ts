/** The last `capacity` values; older ones are forgotten. */
export class Ring<T> {
  readonly #slots: (T | undefined)[];
  #next = 0;
  #length = 0;

  constructor(readonly capacity: number) {
    this.#slots = new Array<T | undefined>(capacity);
  }

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    this.#slots[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
    this.#length = Math.min(this.#length + 1, this.capacity);
  }

  /** Oldest first. */
  values(): T[] {
    const start = this.#next - this.#length + this.capacity;
    return Array.from(
      { length: this.#length },
      (_, i) => this.#slots[(start + i) % this.capacity] as T,
    );
  }
}
