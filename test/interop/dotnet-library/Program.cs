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
    switch (Text("op"))
    {
        case "marks":
            return Marks.Read();
        case "partition":
            return Internals.PartitionOf(Text("instanceId"), (int)request["partitions"]!);
        case "rewriteMessage":
            return await new Internals(new HubOptions(connectionString, request).For("none")).Rewrite(Text("text"));
    }
    var hub = HubOf(new HubOptions(connectionString, request));
    switch (Text("op"))
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
            await hub.Start(Text("instanceId"), Text("name"), request);
            break;
        case "state":
            return await hub.State(Text("instanceId"));
        case "list":
            return await hub.List(Text("prefix"));
        case "history":
            return await hub.History(Text("instanceId"));
        case "raise":
            await hub.Raise(Text("instanceId"), Text("name"), Optional("input"));
            break;
        case "terminate":
            await hub.Terminate(Text("instanceId"), Text("reason"));
            break;
        case "suspend":
            await hub.Suspend(Text("instanceId"), Text("reason"));
            break;
        case "resume":
            await hub.Resume(Text("instanceId"), Text("reason"));
            break;
        case "rewind":
            await hub.Rewind(Text("instanceId"), Text("reason"));
            break;
        case "purge":
            return await hub.Purge(Text("instanceId"));
        case "signal":
            for (var i = 0; i < ((int?)request["times"] ?? 1); i++)
                await hub.Signal(Text("entity"), Text("operation"), Optional("input"), (double?)request["delay"]);
            break;
        case "readEntity":
            return await hub.ReadEntity(Text("entity"));
        default:
            throw new ArgumentException($"no operation {Text("op")}");
    }
    return true;
}

Hub HubOf(HubOptions options)
{
    lock (hubs)
    {
        if (!hubs.TryGetValue(options.Name, out var hub)) hubs[options.Name] = hub = new Hub(options);
        return hub;
    }
}
