// The server's answers, as values; what went wrong as an Error with one line for people.

import { TEXTS } from "./texts.js";

/** The JSON that a request is answered with. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error(TEXTS.offline);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? `${response.status} ${response.statusText}`);
  return answer;
}
