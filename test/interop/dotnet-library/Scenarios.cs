using DurableTask.Core;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>`scenario-app.ts` has the same, action for action, so that either side can go on with what the other began.</summary>
static class Scenarios
{
    public static readonly IReadOnlyDictionary<string, OrchestrationCode> Orchestrations = new Dictionary<string, OrchestrationCode>
    {
        ["Hello"] = async (self, _) => new JArray(await Hello(self, "Tokyo"), await Hello(self, "Seattle"), await Hello(self, "London")),
        ["FanOut"] = async (self, input) => await self.DoAll("Echo", (int)input),
        ["SlowFan"] = async (self, input) => await self.DoAll("Slow", (int)input),
        ["FanWait"] = async (self, input) =>
        {
            var before = await self.DoAll("Echo", (int)input);
            await self.Event("Go");
            return before + await self.DoAll("Echo", (int)input);
        },
        ["Parent"] = async (self, input) => await self.Child("Hello", input),
        ["ParentNamed"] = async (self, input) => await self.Child("WaitGo", input, "-child"),
        ["ParentFailing"] = async (self, input) => await self.Child("Failing", input, "-child"),
        ["ParentRewind"] = async (self, input) => await self.Child("Rewindable", input, "-child"),
        ["Detached"] = async (self, input) =>
        {
            var tags = new Dictionary<string, string> { [OrchestrationTags.FireAndForget] = "" };
            _ = self.Context.CreateSubOrchestrationInstance<JToken>("Hello", "", self.InstanceId + "-detached", input, tags);
            return await Hello(self, "after");
        },
        ["Timer"] = async (self, input) =>
        {
            var before = await Hello(self, "before");
            await self.Timer(TimeSpan.FromSeconds((double)input));
            return new JArray(before, await Hello(self, "after"));
        },
        // In slices of 3 days while more than 6 are left, as the Functions extension has it.
        ["LongTimer"] = async (self, input) =>
        {
            var due = self.Context.CurrentUtcDateTime.AddDays((double)input);
            while (due - self.Context.CurrentUtcDateTime > TimeSpan.FromDays(6)) await self.Timer(TimeSpan.FromDays(3));
            await self.Timer(due - self.Context.CurrentUtcDateTime);
            return "due";
        },
        ["Race"] = async (self, input) =>
        {
            using var cancel = new CancellationTokenSource();
            var timer = self.Timer(TimeSpan.FromSeconds((double)input), cancel.Token);
            var go = self.Event("Go");
            if (await Task.WhenAny(timer, go) != go) return "timeout";
            cancel.Cancel();
            return await go;
        },
        ["Events"] = async (self, _) =>
        {
            var list = new JArray(await Hello(self, "before"));
            for (var i = 0; i < 3; i++) list.Add(await self.Event("Go"));
            list.Add(await self.Event("Other"));
            return list;
        },
        ["WaitGo"] = async (self, _) =>
        {
            var before = await Hello(self, "before");
            return new JArray(before, await Hello(self, (string)(await self.Event("Go"))!));
        },
        ["Waiter"] = async (self, _) => await self.Event("go"),
        // Goes through so many generations; the last one waits for two events.
        ["Loop"] = async (self, input) =>
        {
            var left = (int)input;
            await Hello(self, "round " + left);
            if (left == 0) return new JArray(await self.Event("Go"), await self.Event("Go"));
            self.ContinueAsNew(left - 1);
            return null;
        },
        ["Failing"] = async (self, _) => await self.Do("Fail", "no luck"),
        ["Throwing"] = (_, _) => throw new InvalidOperationException("thrown by the orchestrator"),
        ["Catching"] = async (self, _) => await Caught(() => self.Do("Fail", "no luck")),
        ["CatchWait"] = async (self, _) =>
        {
            var caught = await Caught(() => self.Do("Fail", "no luck"));
            await self.Event("Go");
            return new JArray(caught, await Hello(self, "x"));
        },
        ["FailLater"] = async (self, _) =>
        {
            await Hello(self, "x");
            await self.Event("Go");
            return await self.Do("Fail", "no luck");
        },
        ["ParentFailLater"] = async (self, _) => await Caught(() => self.Child("FailLater", null, "-child")),
        ["Retrying"] = async (self, input) =>
            await self.Context.ScheduleWithRetry<JToken>("Flaky", "", new RetryOptions(TimeSpan.FromSeconds(1), 3), new object[] { input }),
        ["Status"] = async (self, _) =>
        {
            self.Status = new JObject { ["step"] = 1, ["text"] = "ü" };
            await Hello(self, "x");
            self.Status = new JObject { ["step"] = 2, ["text"] = "€ 🌍" };
            await self.Event("Go");
            self.Status = "done";
            return "ok";
        },
        ["Rewindable"] = async (self, input) =>
            new JArray(await Hello(self, "first"), await self.Do("FailIfFlag", input), await Hello(self, "last")),
        ["Echo"] = async (self, input) => await self.Do("Echo", input),
        ["LargeWait"] = async (self, input) =>
        {
            var first = await self.Do("Echo", input);
            await self.Event("Go");
            return ((string)(await self.Do("Echo", first))!).Length;
        },
        ["Quick"] = (_, input) => Task.FromResult<JToken?>(input),
        ["Version"] = async (self, _) => new JArray(self.Context.Version, await Hello(self, self.Context.Version)),
        ["SendTo"] = async (self, input) =>
        {
            self.Context.SendEvent(Orchestration.To((string)input!), "Go", "Oslo");
            return await Hello(self, "sent");
        },
    };

    /// <summary>Versions of the orchestrations that have any.</summary>
    public static IReadOnlyList<string> VersionsOf(string name) => name == "Version" ? ["", "1.0", "2.0"] : [""];

    static readonly Dictionary<string, Func<TaskContext, JToken, Task<JToken>>> activities = new()
    {
        ["SayHello"] = (_, input) => Task.FromResult<JToken>($"Hello {(string)input!}!"),
        ["Echo"] = (_, input) => Task.FromResult(input),
        ["Slow"] = async (_, input) =>
        {
            await Task.Delay(400);
            return input;
        },
        ["Fail"] = (_, input) =>
            throw new InvalidOperationException((string)input!, new ArgumentException("inner reason")),
        // Fails so many times for each instance.
        ["Flaky"] = (context, input) =>
        {
            var before = Flags.Count("flaky-" + context.OrchestrationInstance.InstanceId);
            if (before < (int)input) throw new InvalidOperationException("flaky " + before);
            return Task.FromResult<JToken>("after " + before);
        },
        ["FailIfFlag"] = (_, input) =>
            Flags.IsSet((string)input!) ? throw new InvalidOperationException("flag is set") : Task.FromResult<JToken>("flag is gone"),
    };

    public static IEnumerable<(string, Func<TaskActivity>)> Activities =>
        activities.Select(each => (each.Key, (Func<TaskActivity>)(() => new Activity(each.Value))));

    sealed class Activity(Func<TaskContext, JToken, Task<JToken>> code) : AsyncTaskActivity<JToken, JToken>(Json.Converter)
    {
        protected override Task<JToken> ExecuteAsync(TaskContext context, JToken input) => code(context, input);
    }

    static Task<JToken> Hello(Orchestration self, string who) => self.Do("SayHello", who);

    static async Task<JToken> Caught(Func<Task<JToken>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error)
        {
            return error.Message.Contains("no luck") || error.Message.Contains("flag is set") ? "caught" : "other: " + error.Message;
        }
    }
}

/// <summary>A folder that both sides see: what is broken, and how often something was tried.</summary>
static class Flags
{
    static readonly string Folder = Environment.GetEnvironmentVariable("INTEROP_FLAGS") ?? Path.GetTempPath();

    public static bool IsSet(string name) => File.Exists(Path.Combine(Folder, name));

    /// <returns>how often it was asked before</returns>
    public static int Count(string name)
    {
        var path = Path.Combine(Folder, name);
        var before = File.Exists(path) ? (int)new FileInfo(path).Length : 0;
        File.AppendAllText(path, "x");
        return before;
    }
}
