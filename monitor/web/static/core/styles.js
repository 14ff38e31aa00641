/**
 * Style sheets that live in files beside their elements, as constructed sheets that shadow roots share.
 * Works under `style-src 'self'`, and in a CRM page of another origin (the file is fetched with CORS).
 */

const sheets = new Map();

/** The sheet `name` beside the module `base` (its `import.meta.url`); fetched once. */
export function sheet(base, name) {
  const url = new URL(name, base).href;
  if (!sheets.has(url)) sheets.set(url, load(url));
  return sheets.get(url);
}

async function load(url) {
  const response = await fetch(url, { credentials: "omit" });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const made = new CSSStyleSheet();
  made.replaceSync(await response.text());
  return made;
}
