import { app } from "@azure/functions";

app.setup({ enableHttpStream: true });

app.http("upper", {
  route: "upper/{word}",
  methods: ["POST"],
  handler: (request) => ({
    headers: { "x-word": request.params.word, "x-custom": request.headers.get("x-custom") ?? "" },
    cookies: [{ name: "seen", value: "1" }],
    body: request.body.pipeThrough(
      new TransformStream({
        transform: (chunk, controller) =>
          controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase())),
      }),
    ),
  }),
});
app.http("nothing", { handler: async () => {} });
app.http("throws", {
  handler: () => {
    throw new Error("thrown on purpose");
  },
});
