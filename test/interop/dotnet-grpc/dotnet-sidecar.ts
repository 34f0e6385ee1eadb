import { DotnetProgram } from "../dotnet-program.ts";

/** The sidecar of the .NET test host in a process of its own: in memory, one worker at a time, no entities. */
export class DotnetSidecar {
  readonly address: string;
  readonly #peer: DotnetProgram;

  private constructor(peer: DotnetProgram, address: string) {
    this.#peer = peer;
    this.address = address;
  }

  /** @param port 0 takes any free one */
  static async start(program: string, port = 0): Promise<DotnetSidecar> {
    const peer = new DotnetProgram(program, "sidecar");
    return new DotnetSidecar(peer, await peer.ask<string>("listen", { port }));
  }

  stop(): Promise<void> {
    return this.#peer.kill();
  }
}
