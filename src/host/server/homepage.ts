import { createHash } from "node:crypto";

const style = "body { font-family: system-ui, sans-serif; margin: 4rem auto; max-width: 40rem }";
const styleHash = createHash("sha256").update(style).digest("base64");

/** Nothing runs on the page, nothing is loaded by it, and no other page shows it. */
export const homepagePolicy: string = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page on `/`: the host is up, and where to look next. */
export function renderHomepage(productName: string, version: string): string {
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${productName}</title><style>${style}</style></head>
  <body>
    <h1>Your functions app is up and running</h1>
    <p>${productName} ${version}</p>
    <p><a href="/admin/functions">Functions</a> · <a href="/admin/host/status">Status</a></p>
  </body>
</html>
`;
}
