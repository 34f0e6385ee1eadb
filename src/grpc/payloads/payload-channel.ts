import type { DescMessage } from "@bufbuild/protobuf";
import type { PayloadStore } from "../../core/payloads/payload-store.ts";
import type { CallOptions, TaskHubChannel } from "../channel/task-hub-channel.ts";
import { TaskHubSidecarService } from "../proto/orchestrator_service_pb.ts";
import type { RequestInit, ResponseOf, StreamMethodName, UnaryMethodName } from "../service/service-definition.ts";
import { offloadPayloads, resolvePayloads } from "./payload-transfer.ts";

/**
 * A channel whose large payloads go through a store: requests leave with tokens, answers arrive with what the tokens
 * stand for. Work items (`getWorkItems`) arrive as they are, so that one whose payloads cannot be had does not end the
 * stream: their reader calls `resolvePayloads` for each.
 */
export class PayloadChannel implements TaskHubChannel {
  readonly #channel: TaskHubChannel;
  readonly #store: PayloadStore;

  constructor(channel: TaskHubChannel, store: PayloadStore) {
    this.#channel = channel;
    this.#store = store;
  }

  get target(): string {
    return this.#channel.target;
  }

  get taskHub(): string | undefined {
    return this.#channel.taskHub;
  }

  async unary<N extends UnaryMethodName>(
    name: N,
    request: RequestInit<N>,
    options?: CallOptions,
  ): Promise<ResponseOf<N>> {
    // The schemas of a method are those of its request and answer, which the compiler cannot follow through the name.
    const { input, output } = TaskHubSidecarService.method[name] as { input: DescMessage; output: DescMessage };
    const { instanceId } = request as { readonly instanceId?: string };
    const sent = await offloadPayloads(input, request as Record<string, unknown>, this.#store, instanceId);
    const answer = await this.#channel.unary(name, sent as RequestInit<N>, options);
    return (await resolvePayloads(output, answer, this.#store)) as ResponseOf<N>;
  }

  async *stream<N extends StreamMethodName>(
    name: N,
    request: RequestInit<N>,
    options?: CallOptions,
  ): AsyncGenerator<ResponseOf<N>, void, undefined> {
    const output = TaskHubSidecarService.method[name].output as DescMessage;
    for await (const message of this.#channel.stream(name, request, options)) {
      if (name !== "getWorkItems") await resolvePayloads(output, message, this.#store);
      yield message;
    }
  }

  close(): void {
    this.#channel.close();
  }
}
