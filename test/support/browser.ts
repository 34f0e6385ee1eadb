import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];
const windowsPrograms = ["Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe"];
const macApps = ["Google Chrome", "Chromium", "Microsoft Edge"];

/** The program of a browser of Chromium's family; `CHROME_PATH` goes before what is installed. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { CHROME_PATH: named, PATH: path = "" } = env;
  const windowsFolders = [env["ProgramFiles"], env["ProgramFiles(x86)"], env["LOCALAPPDATA"]];
  const places = {
    win32: windowsFolders.flatMap((folder) => (folder ? windowsPrograms.map((program) => join(folder, program)) : [])),
    darwin: macApps.map((app) => `/Applications/${app}.app/Contents/MacOS/${app}`),
  }[process.platform as string];
  const onPath = () => path.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return [...(named ? [named] : []), ...(places ?? onPath())].find((place) => existsSync(place));
}

/** @param foreignHosts names that lead to this machine */
export function launchBrowser(executablePath: string, foreignHosts: readonly string[]): Promise<Browser> {
  const rules = foreignHosts.map((host) => `MAP ${host} 127.0.0.1`).join(", ");
  return chromium.launch({
    executablePath,
    args: [`--host-resolver-rules=${rules}`, "--disable-dev-shm-usage"],
    // Its own sandbox needs another user than root, and what containers seldom allow. It sees pages of the tests only.
    chromiumSandbox: false,
  });
}
