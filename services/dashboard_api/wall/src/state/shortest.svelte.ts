/** Those in the area with the least time left: asked for at a calm pace, and at each moment. */
import { ApiError, type Api } from '../adapters/api';
import type { ClockList } from '../model/things';

export class Shortest {
  list = $state.raw<ClockList | null>(null);
  /** False where the server has no clocks. */
  offered = $state(true);

  #round = 0;

  constructor(private readonly api: Api) {}

  /** Reads anew; what is on screen stays until the answer is there, and where there is none. */
  async read(org: string, asOf: string | null, limit: number): Promise<void> {
    if (!this.offered) return;
    this.#round += 1;
    const round = this.#round;
    try {
      const list = await this.api.clocks(org, asOf, limit);
      if (round !== this.#round) return;
      if (list === null) this.offered = false;
      else this.list = list;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Another place: what belongs to the one before goes. */
  clear(): void {
    this.#round += 1;
    this.list = null;
  }
}
