/** The page on `/`: the host is up, and where to look next. */
export function renderHomepage(productName: string, version: string): string {
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${productName}</title></head>
  <body style="font-family: system-ui, sans-serif; margin: 4rem auto; max-width: 40rem">
    <h1>Your functions app is up and running</h1>
    <p>${productName} ${version}</p>
    <p><a href="/admin/functions">Functions</a> · <a href="/admin/host/status">Status</a></p>
  </body>
</html>
`;
}
