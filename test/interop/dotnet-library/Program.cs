using DotnetLibrary;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

// The genuine DurableTask.AzureStorage as a process that does what it is told: one JSON object on each line of stdin,
// answered on stdout in any order. Ends with its stdin.
ThreadPool.SetMinThreads(32, 32);
var connectionString = args[0];
var hubs = new Dictionary<string, Hub>();
var output = new object();

while (await Console.In.ReadLineAsync() is { } line) _ = Task.Run(() => Reply((JObject)Json.Read(line)));
return;

async Task Reply(JObject request)
{
    var answer = new JObject { ["id"] = request["id"] };
    try
    {
        answer["result"] = await Run(request);
    }
    catch (Exception error)
    {
        answer["error"] = error.ToString();
    }
    lock (output)
    {
        Console.Out.WriteLine(answer.ToString(Formatting.None));
        Console.Out.Flush();
    }
}

async Task<JToken> Run(JObject request)
{
    string Text(string member) => (string)request[member]!;
    string? Optional(string member) => (string?)request[member];
    var op = Text("op");
    if (op == "marks") return Marks.Read();
    var hub = HubOf(Text("hub"), (int?)request["partitions"] ?? 4, Optional("management") ?? "table");
    switch (op)
    {
        case "open":
            await hub.Create();
            break;
        case "startWorker":
            var entities = request["entities"]?.ToObject<string[]>() ?? [.. Entities.All.Keys];
            await hub.StartWorker(Text("worker"), entities, Optional("app"));
            break;
        case "stopWorker":
            await hub.StopWorker();
            break;
        case "start":
            await hub.Start(Text("instanceId"), Text("name"), Optional("input"));
            break;
        case "status":
            return await hub.Status(Text("instanceId"));
        case "raise":
            await hub.Raise(Text("instanceId"), Text("name"), Optional("input"));
            break;
        case "signal":
            for (var i = 0; i < ((int?)request["times"] ?? 1); i++)
                await hub.Signal(Text("entity"), Text("operation"), Optional("input"), (double?)request["delay"]);
            break;
        case "readEntity":
            return await hub.ReadEntity(Text("entity"));
        default:
            throw new ArgumentException($"no operation {op}");
    }
    return true;
}

Hub HubOf(string name, int partitions, string management)
{
    lock (hubs)
    {
        if (!hubs.TryGetValue(name, out var hub)) hubs[name] = hub = new Hub(connectionString, name, partitions, management);
        return hub;
    }
}
