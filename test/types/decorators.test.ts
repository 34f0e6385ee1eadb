import { createFunctionDecorators, DFApp, type OrchestrationContext } from "durable-functions-ts";

// Nothing in here runs: the compiler is the test, see check-types.mjs.

const durable = createFunctionDecorators(new DFApp());

export class Greetings {
  @durable.activity
  static shout(text: string): string {
    return text.toUpperCase();
  }

  @durable.activity("sayHello")
  async greet(city: string): Promise<string> {
    return `Hello ${city}`;
  }

  @durable.orchestration
  static *greetAll(context: OrchestrationContext, cities: string[]): Generator<unknown, string[]> {
    return yield* context.all(cities.map((city) => context.callActivity<string>("sayHello", city)));
  }

  @durable.orchestration("sweep")
  async sweepAll(context: OrchestrationContext): Promise<string> {
    return context.instanceId;
  }

  // @ts-expect-error the first parameter of an orchestration is its context
  @durable.orchestration
  static notAnOrchestration(city: string): string {
    return city;
  }

  // @ts-expect-error fields are no functions
  @durable.activity
  readonly field = 5;
}

@durable.entity
export class Counter {
  value = 0;
}

@durable.entity("Switch")
export class Toggle {
  on = false;
}

// @ts-expect-error the constructor of an entity is called without arguments
@durable.entity
export class Unmakeable {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}
