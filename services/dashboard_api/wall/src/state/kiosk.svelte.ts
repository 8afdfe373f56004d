/** Looks after a screen that nobody sits at. */
import { zoneOffsetMs } from '../model/axis';
import { complaintOf, untilReload } from '../model/kiosk';
import type { Wall } from './wall.svelte';

const CHECK_MS = 30_000;
const CURSOR_MS = 4_000;

/** Chromium alone tells of its heap. */
interface Memory {
  usedJSHeapSize: number;
  jsHeapSizeLimit: number;
}

function heap(): { used: number; limit: number } | null {
  const { memory } = performance as Performance & { memory?: Memory };
  return memory === undefined
    ? null
    : { used: memory.usedJSHeapSize, limit: memory.jsHeapSizeLimit };
}

export class Kiosk {
  /** The pointer has lain still: it is not shown. */
  idle = $state(true);

  #planned: ReturnType<typeof setTimeout> | undefined;
  #check: ReturnType<typeof setInterval> | undefined;
  #cursor: ReturnType<typeof setTimeout> | undefined;
  #silentSince: number | null = null;

  constructor(private readonly wall: Wall) {}

  start(): void {
    const now = Date.now();
    const zone = zoneOffsetMs(this.wall.timeZone, now);
    const wait = untilReload(now, this.wall.setting.reloadHour, zone, Math.random());
    this.#planned = setTimeout(reload, wait);
    this.#check = setInterval(() => {
      this.#look();
    }, CHECK_MS);
    addEventListener('pointermove', this.#moved);
  }

  stop(): void {
    clearTimeout(this.#planned);
    clearInterval(this.#check);
    clearTimeout(this.#cursor);
    removeEventListener('pointermove', this.#moved);
  }

  readonly #moved = (): void => {
    this.idle = false;
    clearTimeout(this.#cursor);
    this.#cursor = setTimeout(() => (this.idle = true), CURSOR_MS);
  };

  #look(): void {
    const now = performance.now();
    const silent = this.wall.live.phase !== 'live' || this.wall.live.stale;
    this.#silentSince = silent ? (this.#silentSince ?? now) : null;
    // A server that cannot be reached gives no page: then the one that is there must stay.
    if (complaintOf({ silentSince: this.#silentSince, now, heap: heap() }) !== null) {
      void reloadIfServed();
    }
  }
}

function reload(): void {
  void reloadIfServed();
}

async function reloadIfServed(): Promise<void> {
  try {
    const answer = await fetch('/', { cache: 'no-store' });
    if (answer.ok) location.reload();
  } catch {
    // Nothing to load: the next look tries again.
  }
}
