/** Requests to the server: JSON in and out, one error type, and the addresses of its sockets. */

export class ApiError extends Error {
  /** @param {number} status HTTP status, 0 when the server could not be reached */
  constructor(status, code, message, hint = "") {
    super(message);
    Object.assign(this, { status, code, hint });
  }
}

export class Api {
  /**
   * @param {object} [options]
   * @param {string} [options.base] origin of the server; "" is the page's own
   * @param {string} [options.token] only where there is no session cookie: in a CRM page of another origin
   */
  constructor({ base = "", token = "" } = {}) {
    this.base = base;
    this.token = token;
  }

  get(path, query = {}) {
    return this.#ask("GET", path + search(query));
  }

  post(path, body = {}) {
    return this.#ask("POST", path, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  delete(path) {
    return this.#ask("DELETE", path);
  }

  /**
   * Uploads files as multipart; `onProgress` takes the share sent, 0–1. (`fetch` cannot tell how far an upload is.)
   */
  upload(path, form, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", this.base + path);
      if (this.token) request.setRequestHeader("Authorization", `Bearer ${this.token}`);
      request.responseType = "text";
      request.upload.onprogress = ({ loaded, total }) => onProgress?.(total ? loaded / total : 0);
      request.onload = () => {
        const body = parsed(request.responseText);
        if (request.status < 300) resolve(body);
        else reject(failure(request.status, body));
      };
      request.onerror = () => reject(new ApiError(0, "NET", "unreachable"));
      request.send(form);
    });
  }

  /** Address of a socket of the server, with the token where there is no cookie. */
  socketUrl(path, query = {}) {
    const url = new URL((this.base || globalThis.location.origin) + path);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = search(this.token ? { ...query, token: this.token } : query);
    return url.href;
  }

  /** Address of a file of the server, for a link or an audio element. */
  fileUrl(path, query = {}) {
    return this.base + path + search(this.token ? { ...query, token: this.token } : query);
  }

  /** Asks until the list is whole: answers that are cut say in `next` where they go on. */
  async all(path, name, query = {}) {
    const found = [];
    let after = query.after;
    do {
      const page = await this.get(path, { ...query, after });
      found.push(...page[name]);
      after = page.next;
    } while (after);
    return found;
  }

  async #ask(method, path, init = {}) {
    const headers = { Accept: "application/json", ...init.headers };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    let response;
    try {
      response = await fetch(this.base + path, {
        ...init,
        method,
        headers,
        credentials: this.token ? "omit" : "same-origin",
      });
    } catch {
      throw new ApiError(0, "NET", "unreachable");
    }
    const body = parsed(await response.text());
    if (!response.ok) throw failure(response.status, body);
    return body;
  }
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function failure(status, body) {
  return new ApiError(status, body?.code ?? "", body?.message ?? "", body?.hint ?? "");
}

function search(query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}
