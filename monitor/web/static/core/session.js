/** Who is signed in: kept in a cookie that scripts cannot read; the page only learns role, agent and end. */

import { Api } from "./api.js";

/** The session, or null when nobody is signed in. */
export async function session(api = new Api()) {
  try {
    return await api.get("/v1/session");
  } catch (error) {
    if (error.status === 401 || error.status === 403) return null;
    throw error;
  }
}

let leaving = false;

/** To the sign-in page, and back here afterwards. */
export function signIn() {
  if (leaving) return; // Who signs out is on the way there, and questions still open are answered by "not signed in".
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}

/** To the sign-in page, and from there to wherever the next one who signs in belongs. */
export async function signOut(api = new Api()) {
  leaving = true;
  await api.delete("/v1/session").catch(() => {});
  location.assign("/login");
}
