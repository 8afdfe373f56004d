/** Gives a Link its socket, its clock and its timer. */
import type { JsonObject } from '../protocol/frames';
import type { Effect, Link } from '../protocol/link';

type Outward = Exclude<Effect, { do: 'connect' | 'send' | 'drop' }>;

const TICK_MS = 500;

export class LiveSocket {
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly link: Link,
    private readonly onEffect: (effect: Outward) => void,
    /** After everything that may have changed the link's phase. */
    private readonly onPhase: () => void,
  ) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.#run(this.link.tick(performance.now()));
    }, TICK_MS);
    addEventListener('online', this.#hurry);
    addEventListener('offline', this.#offline);
    this.#run(this.link.start(performance.now()));
  }

  stop(): void {
    clearInterval(this.#timer);
    removeEventListener('online', this.#hurry);
    removeEventListener('offline', this.#offline);
    this.#detach()?.close(1000);
  }

  want(channels: readonly string[]): void {
    this.#run(this.link.want(channels));
  }

  /** Sends a command of the caller's own; its number, or null while not connected. */
  order(command: JsonObject): number | null {
    const sent = this.link.order(command);
    if (sent === null) return null;
    this.#run(sent.effects);
    return sent.order;
  }

  readonly #hurry = (): void => {
    this.#run(this.link.hurry(performance.now()));
  };

  readonly #offline = (): void => {
    this.#detach()?.close();
    this.#run(this.link.closed(1006, performance.now()));
  };

  #run(effects: Effect[]): void {
    for (const effect of effects) {
      if (effect.do === 'connect') this.#connect();
      else if (effect.do === 'send') this.#socket?.send(effect.text);
      else if (effect.do === 'drop') this.#detach()?.close(effect.code, effect.reason);
      else this.onEffect(effect);
    }
    this.onPhase();
  }

  #connect(): void {
    this.#detach()?.close();
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/v1/live`);
    socket.onopen = () => {
      this.#run(this.link.opened(performance.now()));
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') {
        this.#run(this.link.message(event.data, performance.now()));
      }
    };
    socket.onclose = (event) => {
      this.#detach();
      this.#run(this.link.closed(event.code, performance.now()));
    };
    this.#socket = socket;
  }

  /** A dead network may keep a closing socket for minutes: nothing of it is heard any more. */
  #detach(): WebSocket | null {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }
}
