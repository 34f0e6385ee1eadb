import { createFunctionDecorators, DFApp, type OrchestrationContext } from "durable-functions-ts";

const app = new DFApp();
const durable = createFunctionDecorators(app);

class Greetings {
  readonly #greeting: string;

  constructor(greeting: string) {
    this.#greeting = greeting;
  }

  @durable.activity
  static shout(text: string): string {
    return text.toUpperCase();
  }

  @durable.orchestration("helloSequence")
  static *greetAll(context: OrchestrationContext, cities: string[]): Generator<unknown, string, any> {
    const greetings: string[] = yield context.all(cities.map((city) => context.callActivity("greet", city)));
    const count: number = yield context.callEntity("@counter@all", "add", greetings.length);
    return yield context.callActivity("shout", `${greetings.join(" ")} ${count}`);
  }

  @durable.activity
  greet(city: string): string {
    return `${this.#greeting} ${city}`;
  }
}
new Greetings("Hi");

@durable.entity
class Counter {
  value = 0;

  add(amount: number): number {
    this.value += amount;
    return this.value;
  }
}

const double = app.activity(async function double(n: number) {
  return n * 2;
});
const doubleAll = app.orchestration(function* doubleAll(context, numbers: number[]) {
  return yield* context.all(numbers.map((n) => context.callActivity(double, n)));
});

app.route("wait/{name}", async function startAndWait(request, client) {
  const input: unknown = await request.json();
  const name = request.params.name === "doubleAll" ? doubleAll.name : request.params.name;
  const id = await client.startNew(name, { input });
  return client.waitForCompletionOrCreateCheckStatusResponse(request, id);
});

export { Counter };
