using System.Diagnostics;
using DotnetBench;
using DurableTask.AzureStorage;
using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.History;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

// The real DurableTask.AzureStorage: a worker and its client in one process. Argument: what to run, as JSON. Writes what it
// measured as one line of JSON.
var task = JObject.Parse(args[0]);
var requests = new Requests();
var progress = new Progress();
requests.OnInstanceRow = progress.OnInstanceRow;
var clock = Stopwatch.StartNew();
var emulator = (int?)task["emulatorPid"];
var plan = (JArray)task["plan"]!;
var withEntities = plan.Any(part => (string)part["workload"]! == "signals");
var service = new AzureStorageOrchestrationService(new AzureStorageOrchestrationServiceSettings
{
    StorageAccountClientProvider = requests.ProviderOf((string)task["connectionString"]!),
    TaskHubName = (string)task["taskHub"]!,
    WorkerId = $"bench-{Environment.ProcessId}",
    ExtendedSessionsEnabled = (bool?)task["extendedSessions"] ?? false,
    UseSeparateQueueForEntityWorkItems = withEntities,
});
await service.CreateIfNotExistsAsync();
var worker = new TaskHubWorker(service) { ErrorPropagationMode = ErrorPropagationMode.UseFailureDetails };
Add("hello", async (context, _, _) =>
{
    var greetings = new List<string>();
    foreach (var city in new[] { "Tokyo", "Seattle", "London" })
        greetings.Add(await context.ScheduleTask<string>("sayHello", "", city));
    return greetings;
});
Add("fanOut", async (context, tasks, _) =>
    (await Task.WhenAll(Enumerable.Range(0, tasks).Select(i => context.ScheduleTask<int>("echo", "", i)))).Length);
Add("steps", async (context, steps, _) =>
{
    var results = 0;
    for (var i = 0; i < steps; i++)
    {
        if (await context.ScheduleTask<int>("echo", "", i) == i) results++;
        progress.OnStep(i, clock.Elapsed.TotalMilliseconds);
    }
    return results;
});
Add("event", async (_, _, go) => await go);
worker.AddTaskActivities(new Named<TaskActivity>("sayHello", () => new SayHello()).Init());
worker.AddTaskActivities(new Named<TaskActivity>("echo", () => new Echo()).Init());
if (withEntities) worker.AddTaskEntities(new Named<TaskEntity>("counter", () => new Counter(progress)).Init());
await worker.StartAsync();
// Until it owns its four partitions and polls them, which nothing tells.
for (var i = 0; i < 3; i++) await Hello();

var results = new JObject();
foreach (var part in plan)
{
    await Task.Delay(1000);
    requests.Reset();
    results[(string)part["name"]!] = await Measure((JObject)part);
}
Console.WriteLine(results.ToString(Formatting.None));
Environment.Exit(0);

void Add(string name, Func<OrchestrationContext, int, Task<string>, Task<object>> code) =>
    worker.AddTaskOrchestrations(new Named<TaskOrchestration>(name, () => new Orchestration(progress, code)).Init());

async Task<JObject> Measure(JObject part)
{
    int Number(string name) => (int?)part[name] ?? 0;
    var count = Number("count");
    var measured = new JObject();
    switch ((string)part["workload"]!)
    {
        case "hello":
        {
            for (var i = 0; i < Number("warmUp"); i++) await Hello();
            requests.Reset();
            await Cost(measured, count, async () => measured["times"] = await Times(count, Hello));
            measured["requests"] = requests.Count / (double)count;
            break;
        }
        case "hellosAtOnce":
        {
            await Run("fanOut", Number("warmUp"), Number("warmUp").ToString());
            requests.Reset();
            var wall = await Cost(measured, count, () => Task.WhenAll(Enumerable.Range(0, count).Select(_ => Hello())));
            measured["perSecond"] = 1000 * count / wall;
            measured["requests"] = requests.Count / (double)count;
            break;
        }
        case "fanOut":
        {
            var tasks = Number("tasks");
            await Cost(measured, 1, () => Run("fanOut", tasks, tasks.ToString()));
            measured["requests"] = requests.Count;
            break;
        }
        case "steps":
        {
            var steps = Number("steps");
            progress.Marks = new double[steps];
            await Cost(measured, steps, () => Run("steps", steps, steps.ToString()));
            var tenth = steps / 10;
            measured["early"] = (progress.Marks[tenth] - progress.Marks[0]) / tenth;
            measured["late"] = (progress.Marks[steps - 1] - progress.Marks[steps - 1 - tenth]) / tenth;
            measured["requests"] = requests.Count / (double)steps;
            break;
        }
        case "event":
        {
            var times = new List<double>();
            for (var i = 0; i < Number("warmUp") + count; i++)
            {
                var id = await Start("event", null);
                await progress.Started(id);
                await Task.Delay(20);
                var begin = clock.Elapsed.TotalMilliseconds;
                await service.SendTaskOrchestrationMessageAsync(new TaskMessage
                {
                    OrchestrationInstance = new OrchestrationInstance { InstanceId = id },
                    Event = new EventRaisedEvent(-1, "\"1\"") { Name = "go" },
                });
                await Ended(id, "\"1\"");
                if (i >= Number("warmUp")) times.Add(clock.Elapsed.TotalMilliseconds - begin);
            }
            measured["times"] = new JArray(times);
            break;
        }
        case "signals":
        {
            var keys = Number("keys");
            await Signals($"warm{keys}", keys, Number("warmUp"));
            requests.Reset();
            var wall = await Cost(measured, count, () => Signals($"of{keys}", keys, count));
            measured["perSecond"] = 1000 * count / wall;
            measured["requests"] = requests.Count / (double)count;
            break;
        }
        case "idle":
        {
            await Task.Delay(TimeSpan.FromSeconds(Number("quietS")));
            requests.Reset();
            var hours = Number("measureS") / 3600.0;
            await Cost(measured, 1, () => Task.Delay(TimeSpan.FromSeconds(Number("measureS"))));
            measured["requests"] = requests.Count / hours;
            measured["cpuPerHour"] = (double)measured["cpu"]! / hours;
            break;
        }
        default:
            throw new ArgumentException($"no workload {part["workload"]}");
    }
    measured["rss"] = Process.GetCurrentProcess().WorkingSet64 / 1048576.0;
    return measured;
}

Task Hello() => Run("hello", null, """["Hello Tokyo!","Hello Seattle!","Hello London!"]""");

async Task Run(string name, int? input, string expected) => await Ended(await Start(name, input), expected);

async Task<string> Start(string name, int? input)
{
    var instance = new OrchestrationInstance { InstanceId = Guid.NewGuid().ToString("N"), ExecutionId = Guid.NewGuid().ToString("N") };
    var started = new ExecutionStartedEvent(-1, input?.ToString()) { Name = name, Version = "", OrchestrationInstance = instance };
    await service.CreateTaskOrchestrationAsync(new TaskMessage { OrchestrationInstance = instance, Event = started });
    return instance.InstanceId;
}

async Task Ended(string id, string expected)
{
    await progress.Ended(id);
    var state = (await service.GetOrchestrationStateAsync(id, false, false)).First();
    if (state.OrchestrationStatus != OrchestrationStatus.Completed || JToken.Parse(state.Output).ToString(Formatting.None) != expected)
        throw new Exception($"{state.Name} is {state.OrchestrationStatus} with {state.Output} where {expected} was expected");
}

async Task Signals(string prefix, int keys, int count)
{
    var target = progress.Operations + count;
    await Task.WhenAll(Enumerable.Range(0, count).Select(i => service.SendTaskOrchestrationMessageAsync(
        ClientEntityHelpers.EmitOperationSignal(
            new OrchestrationInstance { InstanceId = $"@counter@{prefix}-{i % keys}" }, Guid.NewGuid(), "add", "1", null).AsTaskMessage())));
    while (progress.Operations < target) await Task.Delay(5);
    var queries = ((IEntityOrchestrationService)service).EntityBackendQueries!;
    for (var i = keys - 1; i >= 0; i--)
    {
        var wanted = (count / keys).ToString();
        var id = EntityId.FromString($"@counter@{prefix}-{i}");
        while ((await queries.GetEntityAsync(id, true, true, default))?.SerializedState != wanted) await Task.Delay(5);
    }
}

async Task<JArray> Times(int count, Func<Task> run)
{
    var times = new JArray();
    for (var i = 0; i < count; i++)
    {
        var begin = clock.Elapsed.TotalMilliseconds;
        await run();
        times.Add(clock.Elapsed.TotalMilliseconds - begin);
    }
    return times;
}

// Milliseconds: on the wall, and for each of `count` of the CPU of this process and of the emulator.
async Task<double> Cost(JObject measured, int count, Func<Task> run)
{
    var (begin, cpu, emulatorCpu) = (clock.Elapsed.TotalMilliseconds, Cpu(), EmulatorCpu());
    await run();
    var wall = clock.Elapsed.TotalMilliseconds - begin;
    measured["wall"] = wall;
    measured["cpu"] = (Cpu() - cpu) / count;
    if (emulatorCpu is { } before) measured["emulatorCpu"] = (EmulatorCpu() - before) / count;
    return wall;
}

double? EmulatorCpu()
{
    if (emulator is not { } id || !OperatingSystem.IsLinux()) return null;
    using var process = Process.GetProcessById(id);
    return process.TotalProcessorTime.TotalMilliseconds;
}

static double Cpu()
{
    using var process = Process.GetCurrentProcess();
    return process.TotalProcessorTime.TotalMilliseconds;
}
