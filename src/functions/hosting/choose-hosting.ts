import { DurableError } from "../../core/errors.ts";
import { highestVersionOf, reaches } from "./bundle-version.ts";

/** What an app may ask for. */
export type HostingOption = "extension" | "ownEngine";

/** Where the orchestrations of a process run. */
export type Hosting = "embedded" | "extension" | "own engine";

export interface HostingChoice {
  readonly hosting: Hosting;
  /** Why, as the rest of a sentence: "because host.json names an extension bundle". */
  readonly reason: string;
}

export interface HostingFacts {
  /** A host of this package runs the process. */
  readonly isLocalHost: boolean;
  /** `hosting` of each app of the process. */
  readonly options: readonly (HostingOption | undefined)[];
  /** The app setting `DURABLE_HOSTING`. */
  readonly setting: string | undefined;
  /** The content of host.json, overrides from the environment applied. */
  readonly hostJson: unknown;
  /** The content of bin/extensions.json, if there is one. */
  readonly extensionsJson: unknown;
}

/** The app setting that decides before all else. */
export const hostingSetting = "DURABLE_HOSTING";

/** Says how to choose otherwise. */
export const otherChoices: string = `set the app setting ${hostingSetting} to 'extension' or 'ownEngine', or give DFApp the option 'hosting'`;

const hostingOptions: readonly HostingOption[] = ["extension", "ownEngine"];

/** The first bundles whose extension speaks to apps like ours. */
const firstBundles: ReadonlyMap<string, readonly number[]> = new Map([
  ["microsoft.azure.functions.extensionbundle", [4, 36, 0]],
  ["microsoft.azure.functions.extensionbundle.preview", [4, 29, 0]],
]);

/**
 * Decides where the orchestrations of a process run. The setting comes before the option, so that whoever operates an app
 * can choose without building it anew; without either the extension is taken where there is one, as the platform then
 * wakes and scales the app.
 *
 * @throws DurableError `InvalidOption` for a setting or option that is none, or apps that want different things;
 * `HostStartFailed` for the extension where there is none, or where its bundle is too old
 */
export function chooseHosting(facts: HostingFacts): HostingChoice {
  if (facts.isLocalHost) return { hosting: "embedded", reason: "a host of this package runs the process" };
  const wish = readSetting(facts.setting) ?? readOptions(facts.options);
  if (wish?.hosting === "ownEngine") return { hosting: "own engine", reason: wish.reason };
  const extension = findExtension(facts);
  if (extension === undefined) {
    if (wish === undefined) {
      const reason = "host.json names no extensionBundle, and bin/extensions.json no DurableTask";
      return { hosting: "own engine", reason };
    }
    throw new DurableError(
      "HostStartFailed",
      `${wish.reason}, but the app has no Durable extension: add an extensionBundle to host.json, for example ` +
        `{ "id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.36.0, 5.0.0)" }, or choose 'ownEngine'`,
    );
  }
  assertRecent(extension);
  return { hosting: "extension", reason: wish?.reason ?? extension.reason };
}

interface Wish {
  readonly hosting: HostingOption;
  readonly reason: string;
}

function readSetting(setting: string | undefined): Wish | undefined {
  const text = setting?.trim() ?? "";
  if (text === "") return undefined;
  const hosting = hostingOptions.find((option) => option.toLowerCase() === text.toLowerCase());
  if (hosting === undefined) throw invalid(`the app setting ${hostingSetting}`, text);
  return { hosting, reason: `the app setting ${hostingSetting} is '${text}'` };
}

function readOptions(options: readonly (HostingOption | undefined)[]): Wish | undefined {
  const wishes = new Set(options.filter((option) => option !== undefined));
  for (const wish of wishes) assertHostingOption(wish);
  if (wishes.size > 1) {
    throw new DurableError(
      "InvalidOption",
      "the DFApps of this process have different options 'hosting': one process has one hosting",
    );
  }
  const [hosting] = wishes;
  return hosting && { hosting, reason: `the option 'hosting' of DFApp is '${hosting}'` };
}

/** @throws DurableError `InvalidOption` */
export function assertHostingOption(value: unknown): asserts value is HostingOption {
  if (!hostingOptions.includes(value as HostingOption)) throw invalid("'hosting'", String(value));
}

function invalid(what: string, seen: string): DurableError {
  return new DurableError("InvalidOption", `${what} must be ${hostingOptions.join(" or ")}, but got '${seen}'`);
}

interface FoundExtension {
  readonly reason: string;
  readonly bundle?: { readonly id: string; readonly version: string } | undefined;
}

function findExtension({ hostJson, extensionsJson }: HostingFacts): FoundExtension | undefined {
  const bundle = memberOf(hostJson, "extensionBundle");
  const id = memberOf(bundle, "id");
  if (typeof id === "string" && id !== "") {
    const version = memberOf(bundle, "version");
    return {
      reason: "host.json names an extensionBundle",
      bundle: { id, version: typeof version === "string" ? version : "" },
    };
  }
  const listed = memberOf(extensionsJson, "extensions");
  const hasDurable =
    Array.isArray(listed) && listed.some((each) => String(memberOf(each, "name")).toLowerCase() === "durabletask");
  return hasDurable ? { reason: "bin/extensions.json names DurableTask" } : undefined;
}

/** An older bundle would let the app hang for a minute and fail then, without a word of why. */
function assertRecent({ bundle }: FoundExtension): void {
  const wanted = bundle && firstBundles.get(bundle.id.toLowerCase());
  const highest = bundle && highestVersionOf(bundle.version);
  if (wanted === undefined || highest === undefined || reaches(highest, wanted)) return;
  throw new DurableError(
    "HostStartFailed",
    `the extensionBundle '${bundle!.id}' of host.json is limited to '${bundle!.version}', whose Durable extension is too ` +
      `old: ${wanted.join(".")} or later is needed, for example "[${wanted.join(".")}, 5.0.0)". ` +
      `To run on the app's own engine instead, ${otherChoices}`,
  );
}

/** A member by its name, ignoring case. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const found = Object.keys(value).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[found];
}
