import { existsSync } from "node:fs";
import { isDurableError, stackOf } from "../../core/errors.ts";
import { formatBanner } from "../banner.ts";
import type { Terminal } from "../terminal.ts";
import { watchEnd } from "../watch-launcher.ts";
import { buildApp } from "./builder.ts";
import { formatSeconds, nameChanges } from "./changes.ts";
import type { DevOptions } from "./dev-options.ts";
import { DevStore } from "./dev-store.ts";
import { HostProcess } from "./host-process.ts";
import { type Project, readProject } from "./project.ts";
import { planRun, type RunPlan } from "./run-plan.ts";
import { type SourceChanges, SourceWatch } from "./source-watch.ts";
import { createIgnoreTest } from "./watched-paths.ts";

/**
 * `durable dev`: runs the app in a process of its own and starts it anew when a file changes. Resolves to the exit code.
 *
 *   plan ─▶ build ─▶ stop what runs ─▶ start ─▶ runs ──a change──▶ plan
 *             └─ fails: what runs goes on       └─ ends by itself: waits for a change
 *
 * The embedded store belongs to this process, so that it outlives hosts. SIGINT and SIGTERM stop all of it gracefully; a
 * second one ends it at once.
 */
export async function runDev(
  options: DevOptions,
  product: { readonly name: string; readonly version: string },
  terminal: Terminal,
): Promise<number> {
  for (const line of formatBanner(product.name, product.version, process)) terminal.print(line);
  const { appFolder } = options.start;
  if (!existsSync(appFolder)) {
    terminal.fail(`Unable to find project root. The folder ${appFolder} does not exist.`);
    return 1;
  }
  const loop = new DevLoop(options, terminal);
  const asked = watchEnd(options.start.endWithParent ?? false, terminal);
  // At a second signal the process ends where it stands; the store saves by itself when its channel closes.
  process.once("exit", () => loop.kill());
  try {
    await loop.run(asked);
    return 0;
  } catch (error) {
    terminal.fail(isDurableError(error) ? error.message : stackOf(error));
    return 1;
  } finally {
    await loop.close();
  }
}

interface Prepared {
  readonly plan: RunPlan;
  readonly nodeArgs: readonly string[];
  readonly main: string | undefined;
}

class DevLoop {
  readonly #options: DevOptions;
  readonly #terminal: Terminal;
  readonly #store: DevStore;
  #host: HostProcess | undefined;
  /** The next host, which has loaded all but the app. */
  #standby: HostProcess | undefined;
  #watch: SourceWatch | undefined;
  /** What the watch and the last line about it were made for. */
  #planText = "";
  #explained = "";
  /** The functions as they were last listed. */
  #shown: string | undefined;
  #isClosed = false;
  /** The port that `--port 0` has found, so that addresses stay as they are. */
  #port: number | undefined;

  constructor(options: DevOptions, terminal: Terminal) {
    this.#options = options;
    this.#terminal = terminal;
    this.#port = options.start.port;
    this.#store = new DevStore(options.start.appFolder, (text) => this.#say("warn", text));
  }

  /** Until it is asked to end. */
  async run(asked: Promise<undefined>): Promise<void> {
    let isOver = false;
    const over = asked.then(() => {
      isOver = true;
    });
    let changes: SourceChanges | undefined;
    while (!isOver) {
      const round = this.#next(changes);
      round.catch(() => {});
      // A stop does not wait for compilers and starts.
      await Promise.race([over, round]);
      if (isOver) return;
      await Promise.race([over, this.#watch!.changed]);
      if (!isOver) changes = this.#watch!.take();
    }
  }

  kill(): void {
    this.#host?.kill();
    this.#standby?.kill();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch?.close();
    await Promise.all([this.#host?.stop(), this.#standby?.stop()]);
    await this.#store.stop();
  }

  /** Brings what is in the folder now to run. Resolves when it does, or cannot, or has been overtaken by a change. */
  async #next(changes: SourceChanges | undefined): Promise<void> {
    const prepared = await this.#prepare(changes);
    if (prepared === undefined) return;
    const host = await this.#replaceHost(prepared);
    const { start } = this.#options;
    host.start({
      options: { ...start, port: this.#port },
      main: prepared.main,
      shown: this.#shown,
    });
    void this.#watchEnd(host);
    const ready = await Promise.race([host.ready, host.ended.then(() => undefined), this.#watch!.changed]);
    this.#standby ??= this.#spawn(prepared.nodeArgs);
    if (ready === undefined) return;
    this.#port = ready.port;
    this.#shown = ready.shown;
    if (changes !== undefined) {
      const took = formatSeconds(performance.now() - changes.since);
      this.#say("info", `Restarted in ${took}: ${nameChanges(changes.files)} changed.`);
    }
  }

  /** `undefined` when nothing can be started; the terminal says why, and what runs goes on. */
  async #prepare(changes: SourceChanges | undefined): Promise<Prepared | undefined> {
    const { appFolder } = this.#options.start;
    let project: Project;
    let plan: RunPlan;
    try {
      project = await readProject(appFolder, this.#options.build);
      plan = await planRun(project.facts);
    } catch (error) {
      plan = { kind: "impossible", text: isDurableError(error) ? error.message : stackOf(error) };
      this.#watchFor(plan);
      return this.#waitFor(plan.text);
    }
    this.#watchFor(plan);
    if (plan.kind === "impossible") return this.#waitFor(plan.text);
    this.#explain(plan, project);
    if (plan.kind === "compile" || plan.kind === "script") {
      if (changes !== undefined) this.#say("info", `${nameChanges(changes.files)} changed: building.`);
      const isBuilt = await buildApp(plan, project, this.#terminal.paint("red", "") !== "");
      if (!isBuilt) return this.#waitFor("The app could not be built.");
    }
    const nodeArgs = nodeArgsOf(plan, project);
    return { plan, nodeArgs, main: plan.kind === "sources" ? plan.main : undefined };
  }

  #waitFor(text: string): undefined {
    // Ctrl+C ends a build too, which then is no failure of the app's.
    if (this.#isClosed) return undefined;
    this.#terminal.fail(text);
    this.#say("info", `Waiting for a change${this.#host === undefined ? "" : "; the app before it runs on"}.`);
    return undefined;
  }

  /** The old host gives back what it has before the new one begins, since they share a port and a hub. */
  async #replaceHost({ nodeArgs }: Prepared): Promise<HostProcess> {
    const standby = this.#standby;
    this.#standby = undefined;
    const fits = standby?.nodeArgs.join() === nodeArgs.join();
    const next = standby !== undefined && fits ? standby : this.#spawn(nodeArgs);
    if (standby !== undefined && !fits) standby.kill();
    const old = this.#host;
    this.#host = next;
    await old?.stop();
    return next;
  }

  #spawn(nodeArgs: readonly string[]): HostProcess {
    const onWantsStore = (host: HostProcess) => void this.#store.lend(host);
    return new HostProcess({ nodeArgs, appFolder: this.#options.start.appFolder, onWantsStore });
  }

  async #watchEnd(host: HostProcess): Promise<void> {
    const { how, isClean } = await host.ended;
    if (this.#isClosed) return;
    if (!isClean) this.#store.renew();
    if (this.#host !== host) return;
    this.#host = undefined;
    const text = host.hasBeenReady ? `The app ended (${how})` : "The app did not start";
    this.#say("warn", `${text}. Waiting for a change.`);
  }

  #watchFor(plan: RunPlan): void {
    const text = JSON.stringify(plan);
    if (text === this.#planText && this.#watch !== undefined) return;
    this.#planText = text;
    const { start, ignore, poll, watch } = this.#options;
    const { appFolder } = start;
    this.#watch?.close();
    this.#watch = new SourceWatch({
      folders: [appFolder, ...watch],
      isIgnored: createIgnoreTest({ appFolder, plan, ignore, exists: existsSync }),
      poll,
      onPolling: (reason) =>
        this.#say("warn", `Looking for changes every second, since the system does not tell of them: ${reason}`),
    });
  }

  /** Says once how the app is run, and again when that is another way. */
  #explain(plan: RunPlan, { facts }: Project): void {
    const text = describePlan(plan, facts.main);
    if (text === undefined || text === this.#explained) return;
    this.#explained = text;
    this.#terminal.print(text);
    this.#terminal.print("");
  }

  #say(level: "info" | "warn", message: string): void {
    this.#terminal.log({ level, category: "Host", message });
  }
}

function describePlan(plan: RunPlan, main: string | undefined): string | undefined {
  switch (plan.kind) {
    case "sources": {
      const how = plan.runner === "tsx" ? "through tsx" : "in Node, which removes the types";
      return `Runs ${plan.main} ${how}, without a build.`;
    }
    case "compile":
      return `Builds with tsc${plan.outDir ? ` into ${plan.outDir}` : ""} before each start. With the package tsx no build is needed.`;
    case "script":
      return `Builds with 'npm run ${plan.script}' before each start.`;
    case "asIs":
      return plan.note === undefined ? undefined : `Runs ${main ?? "the app"} as it is: ${plan.note}.`;
    case "impossible":
      return undefined;
  }
}

function nodeArgsOf(plan: RunPlan, { tsx }: Project): readonly string[] {
  if (plan.kind !== "sources") return [];
  if (plan.runner === "tsx") return [`--import=${tsx}`];
  // Some versions say with each start that they remove types.
  return ["--disable-warning=ExperimentalWarning"];
}
