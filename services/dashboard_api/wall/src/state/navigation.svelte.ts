/** The route, kept equal to the address bar. */
import {
  CLOSED,
  formatRoute,
  moveIntoHash,
  parseRoute,
  type Route,
  type SourceChoice,
} from '../model/route';

/** A browser refuses an address that changes more often than about six times a second. */
const SETTLE_MS = 400;

export class Navigation {
  route = $state.raw<Route>(arrive());
  #settling: ReturnType<typeof setTimeout> | undefined;

  /** Returns the function that stops listening. */
  listen(): () => void {
    const read = (): void => {
      clearTimeout(this.#settling);
      this.#settling = undefined;
      this.route = parseRoute(location.hash);
    };
    addEventListener('popstate', read);
    addEventListener('hashchange', read);
    return () => {
      clearTimeout(this.#settling);
      removeEventListener('popstate', read);
      removeEventListener('hashchange', read);
    };
  }

  /** Changes what is named and makes it a step that "back" undoes. */
  go(change: Partial<Route>): void {
    this.#settle();
    const next = { ...this.route, ...change };
    const hash = formatRoute(next);
    if (hash === location.hash) return;
    history.pushState(null, '', hash);
    this.route = next;
  }

  /**
   * The same, but "back" leads past it: for what moves by itself or in small steps. The address
   * follows a little later.
   */
  slide(change: Partial<Route>): void {
    this.route = { ...this.route, ...change };
    this.#settling ??= setTimeout(() => {
      this.#settle();
    }, SETTLE_MS);
  }

  /** To another organisation: whatever was open of the one before is closed. */
  toOrg(org: string): void {
    this.go({ org, ...CLOSED });
  }

  openSources(sources: SourceChoice): void {
    this.go({ ...CLOSED, sources });
  }

  #settle(): void {
    if (this.#settling === undefined) return;
    clearTimeout(this.#settling);
    this.#settling = undefined;
    history.replaceState(null, '', formatRoute(this.route));
  }
}

function arrive(): Route {
  const moved = moveIntoHash(location.search, location.hash);
  if (moved !== null) {
    history.replaceState(null, '', `${location.pathname}${moved.search}${moved.hash}`);
  }
  return parseRoute(location.hash);
}
