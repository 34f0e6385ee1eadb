// A .NET peer for the interop tests: one JSON request per line in, one JSON answer per line out, until stdin closes.
using DotnetPeer;
using DurableTask.Core.History;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

var hubs = new Dictionary<string, Hub>();
var workers = new Dictionary<string, Worker>();
string connectionString = args.Length > 0 ? args[0] : "";
var output = new object();
using var input = new StreamReader(Console.OpenStandardInput(), new System.Text.UTF8Encoding(false));
Console.OutputEncoding = new System.Text.UTF8Encoding(false);

while (await input.ReadLineAsync() is { } line)
{
    _ = Task.Run(() => Answer(line));
}

async Task Answer(string line)
{
    var request = JsonConvert.DeserializeObject<JObject>(line, new JsonSerializerSettings { DateParseHandling = DateParseHandling.None })!;
    var answer = new JObject { ["id"] = request["id"] };
    try
    {
        answer["result"] = await Perform(request);
    }
    catch (Exception error)
    {
        answer["error"] = error.ToString();
    }
    string text = answer.ToString(Formatting.None);
    lock (output) Console.Out.WriteLine(text);
}

async Task<JToken?> Perform(JObject request)
{
    string? Text(string name) => (string?)request[name];
    if (Text("op") == "rewriteMessage") return MessageJson.Write(MessageJson.Read(Text("text")!));
    if (Text("op") == "partition") return Keys.PartitionOf(Text("instanceId")!, 4);

    Hub hub;
    lock (hubs)
    {
        string key = $"{Text("hub")} {Text("encoding")}";
        if (!hubs.TryGetValue(key, out hub!)) hubs[key] = hub = new Hub(connectionString, Text("hub")!, Text("encoding")!, 4);
    }
    string instanceId = Text("instanceId") ?? "";
    switch (Text("op"))
    {
        case "create":
            await hub.Create();
            return null;
        case "start":
            await hub.Start(instanceId, Text("name")!, Text("input"), request["tags"]?.ToObject<Dictionary<string, string>>());
            return null;
        case "status":
            return await hub.Status(instanceId);
        case "history":
            return await hub.HistoryJson(instanceId);
        case "rowDifferences":
            return new JArray(await hub.RowDifferences(instanceId));
        case "raise":
            await hub.Tell(instanceId, new EventRaisedEvent { Name = Text("name"), Input = Text("input") });
            return null;
        case "terminate":
            await hub.Tell(instanceId, new ExecutionTerminatedEvent { Input = Text("reason") });
            return null;
        case "suspend":
            await hub.Tell(instanceId, new ExecutionSuspendedEvent { Reason = Text("reason") });
            return null;
        case "resume":
            await hub.Tell(instanceId, new ExecutionResumedEvent { Reason = Text("reason") });
            return null;
        case "startWorker":
            lock (workers) (workers[Text("worker")!] = new Worker(hub, Text("worker")!)).Start();
            return null;
        case "stopWorker":
            await workers[Text("worker")!].Stop();
            return new JArray(workers[Text("worker")!].Errors);
        case "owned":
            return new JArray(workers[Text("worker")!].Owned.ToArray());
        default:
            throw new ArgumentException($"unknown op {Text("op")}");
    }
}
