/** Where this screen keeps its token. */
import { takeToken } from '../model/route';

const KEY = 'yiping.token';

/** The token of the address, which is cleaned at once, else the one kept from before. */
export function arrivingToken(): string | null {
  const { token, hash } = takeToken(location.hash);
  if (token !== null) {
    localStorage.setItem(KEY, token);
    history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
  }
  return localStorage.getItem(KEY);
}

export function keepToken(token: string): void {
  localStorage.setItem(KEY, token);
}

export function forgetToken(): void {
  localStorage.removeItem(KEY);
}
