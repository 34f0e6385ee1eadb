using DurableTask.Core;
using DurableTask.Core.History;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace DotnetPeer;

/// <summary>Code under replay: each task runs its continuations at once, on the thread that feeds the events.</summary>
sealed class Replay(string instanceId)
{
    readonly Dictionary<int, TaskCompletionSource<string?>> open = [];
    readonly Dictionary<string, Queue<string?>> unread = [];
    readonly Dictionary<string, Queue<TaskCompletionSource<string?>>> waiting = [];
    readonly Queue<HistoryEvent> held = new();
    readonly SortedDictionary<int, HistoryEvent> actions = [];
    Task<string?>? code;
    ExecutionStartedEvent? started;
    bool isSuspended;
    string? terminated;
    bool isTerminated;

    public DateTime Now { get; private set; }

    public string? NextInput { get; private set; }

    public bool IsContinuedAsNew { get; private set; }

    public string InstanceId => instanceId;

    public string ExecutionId => started!.OrchestrationInstance.ExecutionId!;

    public Task<string?> Call(string activity, JToken? input) =>
        Act(new TaskScheduledEvent { Name = activity, Version = "", Input = new JArray((object?)input ?? JValue.CreateNull()).ToString(Formatting.None) });

    public Task<string?> CallChild(string name, string? input, string? id = null) =>
        Act(new SubOrchestrationInstanceCreatedEvent
        {
            Name = name, Version = "", Input = input, InstanceId = id ?? $"{ExecutionId}:{actions.Count}",
        });

    public Task<string?> Timer(TimeSpan delay) => Act(new TimerCreatedEvent { FireAt = Now + delay });

    public Task<string?> Event(string name)
    {
        if (unread.TryGetValue(name, out Queue<string?>? early) && early.Count > 0) return Task.FromResult(early.Dequeue());
        if (!waiting.TryGetValue(name, out var waiters)) waiting[name] = waiters = new();
        var source = new TaskCompletionSource<string?>();
        waiters.Enqueue(source);
        return source.Task;
    }

    public void ContinueAsNew(string? input)
    {
        IsContinuedAsNew = true;
        NextInput = input;
    }

    Task<string?> Act(HistoryEvent action)
    {
        action.EventId = actions.Count;
        actions.Add(action.EventId, action);
        return (open[action.EventId] = new TaskCompletionSource<string?>()).Task;
    }

    /// <summary>Runs over all events; the result is what was asked for and is not on record yet, an end included.</summary>
    public List<HistoryEvent> Run(IReadOnlyList<HistoryEvent> events)
    {
        foreach (HistoryEvent item in events) Feed(item);
        var recorded = events.Where(item => item.EventId >= 0).Select(item => item.EventId).ToHashSet();
        if (isTerminated) return [Ended(OrchestrationStatus.Terminated, terminated)];
        if (isSuspended) return [];
        List<HistoryEvent> fresh = actions.Values.Where(action => !recorded.Contains(action.EventId)).ToList();
        if (code is { IsCompleted: true } && !IsContinuedAsNew) fresh.Add(EndOf(code));
        return fresh;
    }

    ExecutionCompletedEvent EndOf(Task<string?> ended)
    {
        if (ended.IsCompletedSuccessfully) return Ended(OrchestrationStatus.Completed, ended.Result);
        Exception error = ended.Exception!.InnerException!;
        var failure = new FailureDetails(error.GetType().FullName!, error.Message, error.StackTrace, null, false, null);
        ExecutionCompletedEvent end = Ended(OrchestrationStatus.Failed, error.Message);
        end.FailureDetails = failure;
        return end;
    }

    ExecutionCompletedEvent Ended(OrchestrationStatus status, string? result) =>
        new() { EventId = actions.Count, OrchestrationStatus = status, Result = result };

    void Feed(HistoryEvent item)
    {
        switch (item)
        {
            case ExecutionTerminatedEvent end:
                isTerminated = true;
                terminated = end.Input;
                return;
            case ExecutionSuspendedEvent:
                isSuspended = true;
                return;
            case ExecutionResumedEvent:
                isSuspended = false;
                while (held.TryDequeue(out HistoryEvent? late)) Take(late);
                return;
            case OrchestratorStartedEvent:
                Now = item.Timestamp;
                return;
            default:
                if (isSuspended) held.Enqueue(item);
                else Take(item);
                return;
        }
    }

    void Take(HistoryEvent item)
    {
        switch (item)
        {
            case ExecutionStartedEvent start:
                started = start;
                code = Orchestrations.Find(start.Name!)(this, start.Input);
                break;
            case TaskScheduledEvent or TimerCreatedEvent or SubOrchestrationInstanceCreatedEvent:
                if (!actions.TryGetValue(item.EventId, out HistoryEvent? action) || action.GetType() != item.GetType())
                {
                    throw new InvalidOperationException($"history has a {item.EventType} with id {item.EventId} that the code does not ask for");
                }
                break;
            case TaskCompletedEvent done: Close(done.TaskScheduledId)?.SetResult(done.Result); break;
            case SubOrchestrationInstanceCompletedEvent done: Close(done.TaskScheduledId)?.SetResult(done.Result); break;
            case TimerFiredEvent fired: Close(fired.TimerId)?.SetResult(null); break;
            case TaskFailedEvent failed: Close(failed.TaskScheduledId)?.SetException(Failure(failed.FailureDetails, failed.Reason)); break;
            case SubOrchestrationInstanceFailedEvent failed:
                Close(failed.TaskScheduledId)?.SetException(Failure(failed.FailureDetails, failed.Reason));
                break;
            case EventRaisedEvent raised:
                if (waiting.TryGetValue(raised.Name!, out var waiters) && waiters.TryDequeue(out var waiter)) waiter.SetResult(raised.Input);
                else
                {
                    if (!unread.TryGetValue(raised.Name!, out Queue<string?>? queue)) unread[raised.Name!] = queue = new();
                    queue.Enqueue(raised.Input);
                }
                break;
        }
    }

    static TaskFailed Failure(FailureDetails? details, string? reason) => new(details?.ToString() ?? reason ?? "");

    TaskCompletionSource<string?>? Close(int id) => open.Remove(id, out var source) ? source : null;
}

sealed class TaskFailed(string message) : Exception(message);

/// <summary>The same orchestrations as in the test, so that either side can go on with the other's.</summary>
static class Orchestrations
{
    static readonly Dictionary<string, Func<Replay, string?, Task<string?>>> All = new()
    {
        ["HelloSequence"] = async (context, _) =>
        {
            var greetings = new JArray();
            foreach (string city in new[] { "Tokyo", "Seattle", "London" })
            {
                greetings.Add(JToken.Parse((await context.Call("SayHello", city))!));
            }
            return Json(greetings);
        },
        ["FanOut"] = async (context, input) =>
        {
            Task<string?>[] calls = Enumerable.Range(0, int.Parse(input!)).Select(index => context.Call("SayHello", $"city {index}")).ToArray();
            await Task.WhenAll(calls);
            return Json(new JArray(calls.Select(call => JToken.Parse(call.Result!))));
        },
        ["HelloTimer"] = async (context, input) =>
        {
            string? before = await context.Call("SayHello", "before");
            await context.Timer(TimeSpan.FromSeconds(int.Parse(input!)));
            return Json(new JArray(JToken.Parse(before!), JToken.Parse((await context.Call("SayHello", "after"))!)));
        },
        ["HelloEvent"] = async (context, _) =>
        {
            string? before = await context.Call("SayHello", "before");
            JToken who = JToken.Parse((await context.Event("Go"))!);
            return Json(new JArray(JToken.Parse(before!), JToken.Parse((await context.Call("SayHello", who))!)));
        },
        ["Parent"] = (context, input) => context.CallChild("HelloSequence", input),
        ["ParentOfWaiting"] = (context, _) => context.CallChild("HelloEvent", "null", $"{context.InstanceId}-child"),
        ["Echo"] = (context, input) => context.Call("Echo", JToken.Parse(input!)),
        ["Loop"] = async (context, input) =>
        {
            int left = int.Parse(input!);
            await context.Call("SayHello", $"round {left}");
            if (left == 0) return "\"done\"";
            context.ContinueAsNew(Json(left - 1));
            return null;
        },
        ["Catching"] = async (context, _) =>
        {
            try
            {
                return await context.Call("Fail", "no luck");
            }
            catch (TaskFailed failure)
            {
                return Json(failure.Message);
            }
        },
        ["Failing"] = (context, _) => context.Call("Fail", "no luck"),
    };

    public static Func<Replay, string?, Task<string?>> Find(string name) => All[name];

    public static string RunActivity(string name, string? input)
    {
        // An array of the arguments.
        using var reader = new JsonTextReader(new StringReader(input!)) { DateParseHandling = DateParseHandling.None };
        JToken argument = JArray.Load(reader)[0];
        return name switch
        {
            "SayHello" => Json($"Hello {argument}!"),
            "Echo" => Json(argument),
            "Fail" => throw new InvalidOperationException((string?)argument),
            _ => throw new KeyNotFoundException(name),
        };
    }

    static string Json(JToken value) => value.ToString(Formatting.None);
}
