// The server's answers, as values; what went wrong as an Error with one line for people.

import { TEXTS } from "./texts.js";

/** The JSON that a request is answered with. */
export async function ask(path, options = {}) {
  const response = await answerTo(path, options);
  return response.json();
}

/** The bytes that are at a path. */
export async function bytesAt(path) {
  const response = await answerTo(path);
  return new Uint8Array(await response.arrayBuffer());
}

async function answerTo(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error(TEXTS.offline);
  }
  if (response.ok) return response;
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(detail ?? `${response.status} ${response.statusText}`);
}
