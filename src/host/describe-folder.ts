import type { OpenApiDocument } from "../http/open-api/open-api-document.ts";
import { describeApp, identifyApp } from "./app/describe-app.ts";
import { type FolderOpening, openFolder } from "./open-folder.ts";

/**
 * The OpenAPI document that a local host of this folder would serve on the loopback address. Loads the app, and nothing runs: no engine, no
 * storage, no server.
 *
 * @throws DurableError when the app cannot be loaded, as the host does
 */
export async function describeFolder(opening: FolderOpening): Promise<OpenApiDocument> {
  return await openFolder(opening, async ({ app, apps, isDurable }) =>
    describeApp(app, apps, { ...(await identifyApp(opening.appFolder)), isDurable, needsKeys: false }),
  );
}
