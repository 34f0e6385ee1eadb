using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.Entities.OperationFormat;

namespace DotnetBench;

/// <summary>What the orchestrations tell whoever waits for them in this process.</summary>
sealed class Progress
{
    readonly object sync = new();
    readonly HashSet<string> ending = [];
    readonly HashSet<string> begun = [];
    readonly Dictionary<string, TaskCompletionSource> starts = [];
    readonly Dictionary<string, TaskCompletionSource> ends = [];
    int operations;

    /// <summary>When each step was first done, in milliseconds.</summary>
    public double[] Marks { get; set; } = [];

    public int Operations => Volatile.Read(ref this.operations);

    public void OnOperation() => Interlocked.Increment(ref this.operations);

    public void OnStep(int step, double now)
    {
        if (this.Marks[step] == 0) this.Marks[step] = now;
    }

    /// <summary>The code has begun: the next row says Running, or has all of it.</summary>
    public void Begin(string id)
    {
        lock (this.sync) this.begun.Add(id);
    }

    /// <summary>The code has returned: the next row has the end.</summary>
    public void End(string id)
    {
        lock (this.sync) this.ending.Add(id);
    }

    public void OnInstanceRow(string id)
    {
        lock (this.sync)
        {
            if (this.begun.Contains(id)) this.SourceOf(this.starts, id).TrySetResult();
            if (!this.ending.Remove(id)) return;
            this.begun.Remove(id);
            this.SourceOf(this.ends, id).TrySetResult();
        }
    }

    public Task Started(string id)
    {
        lock (this.sync) return this.SourceOf(this.starts, id).Task;
    }

    public async Task Ended(string id)
    {
        Task task;
        lock (this.sync) task = this.SourceOf(this.ends, id).Task;
        await task;
        lock (this.sync)
        {
            this.ends.Remove(id);
            this.starts.Remove(id);
        }
    }

    TaskCompletionSource SourceOf(Dictionary<string, TaskCompletionSource> sources, string id)
    {
        if (!sources.TryGetValue(id, out var source))
            sources[id] = source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return source;
    }
}

/// <summary>One orchestration. It knows one event, "go".</summary>
sealed class Orchestration(Progress progress, Func<OrchestrationContext, int, Task<string>, Task<object>> code)
    : TaskOrchestration<object, int, string, string>
{
    readonly TaskCompletionSource<string> go = new();

    public override async Task<object> RunTask(OrchestrationContext context, int input)
    {
        var id = context.OrchestrationInstance.InstanceId;
        progress.Begin(id);
        var output = await code(context, input, this.go.Task);
        progress.End(id);
        return output;
    }

    public override void OnEvent(OrchestrationContext context, string name, string input) => this.go.TrySetResult(input);
}

sealed class SayHello : TaskActivity<string, string>
{
    protected override string Execute(TaskContext context, string city) => $"Hello {city}!";
}

sealed class Echo : TaskActivity<int, int>
{
    protected override int Execute(TaskContext context, int value) => value;
}

sealed class Counter(Progress progress) : TaskEntity
{
    public override Task<EntityBatchResult> ExecuteOperationBatchAsync(EntityBatchRequest request)
    {
        var state = int.Parse(request.EntityState ?? "0");
        var results = new List<OperationResult>();
        foreach (var operation in request.Operations!)
        {
            state += int.Parse(operation.Input!);
            results.Add(new OperationResult { Result = state.ToString() });
            progress.OnOperation();
        }
        return Task.FromResult(new EntityBatchResult { Results = results, Actions = [], EntityState = state.ToString() });
    }
}

sealed class Named<T>(string name, Func<T> create) : ObjectCreator<T>
{
    public Named<T> Init()
    {
        this.Name = name;
        this.Version = "";
        return this;
    }

    public override T Create() => create();
}
