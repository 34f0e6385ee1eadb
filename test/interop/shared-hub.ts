import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MessageEncoding } from "../../src/backends/azure-storage/codec/message-data.ts";
import { type Azurite, startAzurite } from "../support/azurite.ts";
import { DotnetProgram } from "./dotnet-program.ts";
import { OurSide, type TheirOptions, TheirSide } from "./sides.ts";
import { StoredHub } from "./stored-hub.ts";

export interface SharedHub {
  readonly ours: OurSide;
  readonly theirs: TheirSide;
  readonly stored: StoredHub;
}

/** Where 20 instances begin at once on a busy machine, .NET loses shorter leases to itself. */
const pace = { pollMs: 250, leaseMs: 20_000 };

/** A storage emulator, and one .NET process for all hubs on it. */
export class SharedStorage {
  readonly flags: string = mkdtempSync(join(tmpdir(), "durable-interop-"));
  readonly connectionString: string;
  readonly dotnet: DotnetProgram;
  readonly #azurite: Azurite;
  readonly #program: string;
  readonly #opened: SharedHub[] = [];

  private constructor(azurite: Azurite, program: string) {
    this.#azurite = azurite;
    this.#program = program;
    this.connectionString = azurite.connectionString;
    this.dotnet = new DotnetProgram(program, this.connectionString, { INTEROP_FLAGS: this.flags });
  }

  /** @param program path of the built `dotnet-library` */
  static async start(program: string): Promise<SharedStorage> {
    return new SharedStorage(await startAzurite(), program);
  }

  /** A new hub, and both who use it. Neither runs a worker yet. */
  open(encoding: MessageEncoding = "base64", theirOptions: TheirOptions = {}): SharedHub {
    const { connectionString, flags } = this;
    const taskHub = `Shared${this.#opened.length + 1}`;
    const program = this.#program;
    const location = { connectionString, taskHub, flags };
    const hub = {
      ours: new OurSide({ ...location, encoding }),
      theirs: new TheirSide(this.dotnet, { ...location, program, ...pace, ...theirOptions }),
      stored: new StoredHub(location),
    };
    this.#opened.push(hub);
    return hub;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#opened.map(({ ours }) => ours.stopWorker()));
    await this.dotnet.kill();
    await this.#azurite.stop();
    rmSync(this.flags, { recursive: true, force: true });
  }
}
