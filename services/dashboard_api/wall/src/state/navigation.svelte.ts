/** The route, kept equal to the address bar. */
import { formatRoute, parseRoute, type Route } from '../model/route';

export class Navigation {
  route = $state.raw<Route>(parseRoute(location.hash));

  /** Returns the function that stops listening. */
  listen(): () => void {
    const read = (): void => {
      this.route = parseRoute(location.hash);
    };
    addEventListener('popstate', read);
    addEventListener('hashchange', read);
    return () => {
      removeEventListener('popstate', read);
      removeEventListener('hashchange', read);
    };
  }

  /** Changes what is named and makes it a step that "back" undoes. */
  go(change: Partial<Route>): void {
    const next = { ...this.route, ...change };
    const hash = formatRoute(next);
    if (hash === location.hash) return;
    history.pushState(null, '', hash);
    this.route = next;
  }

  /** To another organisation: whatever was open of the one before is closed. */
  toOrg(org: string): void {
    this.go({ org, list: null, thing: null });
  }
}
