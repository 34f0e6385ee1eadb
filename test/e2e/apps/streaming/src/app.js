import functions from "@azure/functions";

const { app, HttpResponse } = functions;

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
app.http("cookies", {
  handler: () => {
    const response = new HttpResponse({ body: "ok" });
    response.headers.append("set-cookie", "sid=1");
    response.headers.append("set-cookie", "csrf=2");
    return response;
  },
});
app.http("length", {
  methods: ["POST"],
  handler: async (request) => ({ body: String((await request.arrayBuffer()).byteLength) }),
});
app.http("nothing", { handler: async () => {} });
app.http("throws", {
  handler: () => {
    throw new Error("thrown on purpose");
  },
});
